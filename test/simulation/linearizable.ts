// Searches for one order that explains the answers of calls which overlap in time. The search is Wing and Gong's; as Lowe proposed, it
// remembers the states that it has tried.

/** A call as its client saw it. Its moment in the order lies between `from` and `to`. */
export interface Called<O> {
  readonly op: O
  readonly from: number
  /** Infinite where the outcome is not known: the call may take effect at any time after `from`, or never. */
  readonly to: number
  /** What the client got; null where that is not known. */
  readonly answer: string | null
}

/** What a call does to a state, and its answer. States with the same text are the same. */
export interface Specification<S, O> {
  readonly initial: S
  apply(state: S, op: O): { readonly state: S; readonly answer: string }
  /** Whether the call never changes a state. */
  isRead(op: O): boolean
  text(state: S): string
}

/** How many states a search visits before it gives up. */
const MOST = 100_000

type Verdict<O> =
  | { readonly verdict: 'yes' | 'undecided' }
  /** The fewest calls and answers that contradict each other. */
  | { readonly verdict: 'no'; readonly contradiction: readonly Called<O>[] }

/** Searches for an order. */
export function linearizable<S, O>(calls: readonly Called<O>[], specification: Specification<S, O>): Verdict<O> {
  const verdict = new Search(calls, specification).run()
  return verdict === 'no' ? { verdict, contradiction: smallest(calls, specification) } : { verdict }
}

/** Leaves out the last calls, and answers, as long as the rest still has no order. */
function smallest<S, O>(calls: readonly Called<O>[], specification: Specification<S, O>): readonly Called<O>[] {
  const isWrong = (some: readonly Called<O>[]) => new Search(some, specification).run() === 'no'
  const unanswered = (call: Called<O>): Called<O> => ({ ...call, to: Number.POSITIVE_INFINITY, answer: null })
  let left = calls.toSorted((one, other) => one.to - other.to)
  const until = (end: number) =>
    left.filter(({ from }) => from <= end).map((call) => (call.to > end ? unanswered(call) : call))
  const ends = left.filter(({ answer }) => answer !== null).map(({ to }) => to)
  left = until(ends.find((end) => isWrong(until(end))) ?? Number.POSITIVE_INFINITY)
  for (const call of left) {
    const vaguer = left.map((one) => (one === call ? unanswered(one) : one))
    if (call.answer !== null && isWrong(vaguer)) left = vaguer
  }
  return left
}

/** A state, and what each call makes of it once that was asked. States with the same text are one object. */
interface Known<S> {
  readonly state: S
  readonly number: number
  readonly steps: (Step<S> | undefined)[]
}

interface Step<S> {
  readonly to: Known<S>
  readonly answer: string
}

/** Where the search stands: what is in the order so far, and what may come next. */
interface Place<S> {
  readonly at: Known<S>
  /** The length of the order here. */
  readonly length: number
  /** Calls that may come next and change the state. */
  readonly next: number[]
}

class Search<S, O> {
  readonly #calls: readonly Called<O>[]
  readonly #specification: Specification<S, O>
  readonly #order: number[] = []
  /** Of each call, 1 where it is in the order, else 0. */
  readonly #isDone: Buffer
  readonly #tried = new Set<string>()
  readonly #known = new Map<string, Known<S>>()
  /** Calls with a known answer that are not in the order. */
  #missing: number

  constructor(calls: readonly Called<O>[], specification: Specification<S, O>) {
    this.#calls = calls.toSorted((one, other) => one.to - other.to)
    this.#specification = specification
    this.#isDone = Buffer.alloc(this.#calls.length)
    this.#missing = this.#calls.filter(({ answer }) => answer !== null).length
  }

  run(): 'yes' | 'no' | 'undecided' {
    const path: Place<S>[] = [this.#enter(this.#knownAs(this.#specification.initial))]
    for (let visited = 0; visited < MOST; visited++) {
      if (this.#missing === 0) return 'yes'
      const place = path.at(-1)
      if (!place) return 'no'
      this.#backTo(place.length)
      const i = place.next.shift()
      if (i === undefined) {
        path.pop()
        continue
      }
      const { to } = this.#step(place.at, i)
      this.#add(i)
      path.push(this.#enter(to))
    }
    return 'undecided'
  }

  /**
   * Takes all reads that fit here: any order that has one of them later is as good with it here. Then finds the other calls that fit.
   * There are none when the same calls have led to the same state before. A call without an answer comes only where it changes something.
   */
  #enter(at: Known<S>): Place<S> {
    const next: number[] = []
    for (const i of this.#candidates()) {
      const { op, answer } = this.#calls[i] as Called<O>
      const step = this.#step(at, i)
      if (answer === null ? step.to === at : answer !== step.answer) continue
      if (!this.#specification.isRead(op)) next.push(i)
      else {
        this.#add(i)
        return this.#enter(at)
      }
    }
    const key = `${this.#isDone.toString('latin1')}${at.number}`
    if (this.#tried.has(key)) next.length = 0
    this.#tried.add(key)
    return { at, length: this.#order.length, next }
  }

  #step(at: Known<S>, i: number): Step<S> {
    const taken = at.steps[i]
    if (taken) return taken
    const { state, answer } = this.#specification.apply(at.state, (this.#calls[i] as Called<O>).op)
    const step = { to: state === at.state ? at : this.#knownAs(state), answer }
    at.steps[i] = step
    return step
  }

  #knownAs(state: S): Known<S> {
    const text = this.#specification.text(state)
    const known = this.#known.get(text) ?? { state, number: this.#known.size, steps: [] }
    this.#known.set(text, known)
    return known
  }

  /** Calls that began before any call that is not in the order ended, in the order of their ends. */
  *#candidates(): Generator<number> {
    // The calls come in the order of their ends: the first one that is not in the order yet ends first.
    let deadline: number | null = null
    for (let i = 0; i < this.#calls.length; i++) {
      if (this.#isDone[i] === 1) continue
      const { from, to } = this.#calls[i] as Called<O>
      deadline ??= to
      if (from <= deadline) yield i
    }
  }

  #add(i: number): void {
    this.#order.push(i)
    this.#isDone[i] = 1
    if (this.#calls[i]?.answer !== null) this.#missing--
  }

  #backTo(length: number): void {
    for (const i of this.#order.splice(length)) {
      this.#isDone[i] = 0
      if (this.#calls[i]?.answer !== null) this.#missing++
    }
  }
}
