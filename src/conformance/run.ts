// Runs cases: makes the states that they begin in, calls, and judges the answers.
import { type Call, Caller, type Reply, type Target, VERSIONS } from './call.ts'
import { type Case, CaseError, type Members, type Step, type Suite } from './case.ts'
import { compute } from './compute.ts'
import { findEvent } from './events.ts'
import type { Machine } from './machine.ts'
import { isAway, Made } from './made.ts'
import { eventFaults, faultsOf, formFaultsOf } from './matching.ts'
import type { Credentials } from './signing.ts'
import { at, filled, hasVariable, parameterText, type Variables } from './values.ts'

export interface Result {
  readonly name: string
  readonly group: string
  readonly operation: string
  readonly source: string
  /** `missed` is not run for a reason that nobody chose: the verdict is then not `passed`. */
  readonly outcome: 'passed' | 'failed' | 'not run' | 'missed'
  /** Why it failed or was not run; '' where it passed. */
  readonly reason: string
  /** Of the judged call; '' where none was answered. */
  readonly requestId: string
}

export interface Ran {
  readonly results: readonly Result[]
  /** What the run made and could not take away, each with the reason. */
  readonly left: readonly string[]
  readonly requests: number
}

export interface Options {
  readonly target: Target
  readonly machine: Machine
  /** How long to wait for events, and for new credentials and policies to count, in milliseconds. */
  readonly patienceMs: number
  /** Whether the run is to end early. */
  stopped(): boolean
  progress(done: number, total: number): void
}

/** Signals that a case can't be judged. */
class NotRun extends Error {
  /** Whether the server says that it does not offer what the case needs. */
  readonly isLacking: boolean

  constructor(reason: string, isLacking = false) {
    super(reason)
    this.isLacking = isLacking
  }
}

interface Judged {
  readonly faults: string[]
  readonly reply: Reply & { readonly requestId: string }
}

const SETTLING_MS = 1000
const STOPPED = 'the run was stopped'

/** The tag of every key and secret that runs make. */
const TAG_KEY = 'conformance'
const TAGGED = new Set(['CreateKey', 'CreateSecret'])

/** Runs the cases, and takes away what they made however they end. */
export async function runSuite(cases: readonly Case[], suite: Suite, options: Options): Promise<Ran> {
  const run = new Run(suite, options)
  const results: Result[] = []
  let left: readonly string[] = []
  try {
    for (const one of cases) {
      if (options.stopped()) break
      results.push(await run.judge(one))
      options.progress(results.length, cases.length)
    }
  } finally {
    left = await run.takeAway()
  }
  const missed = cases.slice(results.length).map((one) => resultOf(one, 'missed', STOPPED, ''))
  return { results: [...results, ...missed], left, requests: run.requests }
}

function resultOf(one: Case, outcome: Result['outcome'], reason: string, requestId: string): Result {
  const { name, group, operation, source } = one
  return { name, group, operation, source, outcome, reason, requestId }
}

class Run {
  readonly #suite: Suite
  readonly #options: Options
  readonly #machine: Machine
  readonly #caller: Caller
  readonly #made: Made
  readonly #id: string
  /** The variables of each state that was made, or why it was not. */
  readonly #states = new Map<string, Promise<Variables | NotRun>>()
  #counter = 0

  constructor(suite: Suite, options: Options) {
    this.#suite = suite
    this.#options = options
    this.#machine = options.machine
    this.#caller = new Caller(options.target, options.machine)
    this.#id = options.machine.randomBytes(4).toString('hex')
    this.#made = new Made(this.#id)
  }

  get requests(): number {
    return this.#caller.requests
  }

  /** Runs one case. */
  async judge(one: Case): Promise<Result> {
    let requestId = ''
    try {
      const variables = await this.#variablesOf(one.given)
      for (const step of one.before) await this.#prepare(step, variables)
      const time = this.#machine.now()
      const { faults, reply } = await this.#judged({ ...one, call: one.operation }, variables)
      requestId = reply.requestId
      if (faults.length > 0 && lacks(one, reply)) throw new NotRun(`the server does not offer it: ${reply.code}`, true)
      for (const step of faults.length === 0 ? one.after : [])
        faults.push(...(await this.#judged(step, variables)).faults)
      if (faults.length === 0 && one.event !== undefined)
        faults.push(...(await this.#eventFaults({ eventName: one.operation, requestId, time }, one.event, variables)))
      return resultOf(one, faults.length === 0 ? 'passed' : 'failed', faults.join('; '), requestId)
    } catch (error) {
      if (error instanceof NotRun)
        return resultOf(one, error.isLacking ? 'not run' : 'missed', error.message, requestId)
      if (error instanceof CaseError) return resultOf(one, 'missed', `the case is wrong: ${error.message}`, requestId)
      return resultOf(one, 'failed', (error as Error).message, requestId)
    }
  }

  /** What no two cases share: texts for names, and ids that nobody has. */
  #fresh(): Variables {
    const hex = this.#machine.randomBytes(16).toString('hex')
    const nobody = hex.replace(/^(.{4}).(.{3}).(.{3})(.{12}).*$/, `${this.#id}-$1-4$2-a$3-$4`)
    return new Map([
      ['run', this.#id],
      ['region', this.#options.target.region],
      ['name', `conformance-${this.#id}-${++this.#counter}`],
      ['nobody', nobody],
      ['nonce', hex],
      ['accessKeyId', this.#caller.credentials.AccessKeyId],
    ])
  }

  async #variablesOf(givens: readonly string[]): Promise<Variables> {
    const variables = this.#fresh()
    for (const given of givens) {
      const state = this.#states.get(given) ?? this.#makeState(given)
      this.#states.set(given, state)
      const made = await state
      if (made instanceof NotRun) throw made
      for (const [name, value] of made) variables.set(name, value)
    }
    return variables
  }

  /** Makes a state. Resolves with the variables that its steps keep. */
  async #makeState(name: string): Promise<Variables | NotRun> {
    try {
      const { given = [], steps = [] } = this.#suite.givens.get(name) ?? {}
      const variables = await this.#variablesOf(given)
      for (const step of steps) await this.#prepare(step, variables)
      for (const own of this.#fresh().keys()) variables.delete(own)
      return variables
    } catch (error) {
      const { message } = error as Error
      return new NotRun(`the state ${name} can't be made: ${message}`, error instanceof NotRun && error.isLacking)
    }
  }

  /** Takes a step that must succeed. Throws NotRun. */
  async #prepare(step: Step, variables: Variables): Promise<void> {
    const { faults, reply } = await this.#judged(step, variables)
    if (faults.length === 0) return
    const what = step.call ?? step.compute ?? 'the repeated call'
    throw new NotRun(`${what} ${faults.join('; ')}`, lacks(step, reply))
  }

  /** Takes a step, again within the patience where it is another's, whose credentials and rights may be on their way. */
  async #judged(step: Step, variables: Variables): Promise<Judged> {
    const isOver = this.#patience()
    for (;;) {
      const judged = await this.#judgedOnce(step, variables)
      if (judged.faults.length === 0 || !step.by || isOver()) return judged
      await this.#machine.pause(SETTLING_MS)
    }
  }

  /** Says whether a wait that begins now is over. */
  #patience(): () => boolean {
    const until = this.#machine.now() + this.#options.patienceMs
    return () => this.#machine.now() >= until || this.#options.stopped()
  }

  /** Takes a step; returns what is wrong with its answer, and fills the variables that it keeps. */
  async #judgedOnce(step: Step, variables: Variables): Promise<Judged> {
    const reply = await this.#taken(step, variables)
    const { expect = {} } = step
    const faults = [...faultsOf(reply, expect, variables)]
    if (step.compute === undefined) faults.push(...formFaultsOf(reply, expect))
    for (const [name, path] of Object.entries(step.keep ?? {})) {
      const value = at(reply.body, path)
      if (value !== undefined) variables.set(name, String(value))
      else if (faults.length === 0) faults.push(`${path} is absent`)
    }
    return { faults, reply: { ...reply, requestId: String(at(reply.body, 'RequestId') ?? '') } }
  }

  async #taken(step: Step, variables: Variables): Promise<Reply> {
    const parameters = this.#textsOf(step.request ?? {}, variables)
    if (step.again) return this.#caller.again()
    if (step.compute !== undefined) {
      const body = compute(step.compute, parameters, this.#machine)
      return { status: 200, headers: {}, text: '', body, code: null }
    }
    const action = step.call ?? ''
    const { product = 'Kms' } = step
    const version = step.version ?? VERSIONS[product]
    if (version === undefined) throw new CaseError(`there is no product ${product}`)
    const request = step.request ?? {}
    // A name that stands in the file is one that nobody can have, where the call is to be refused.
    const isRefused = (step.expect?.status ?? 200) >= 300
    const foreign = this.#made.foreign(action, parameters, (name) => !isRefused || hasVariable(request[name] ?? null))
    if (foreign !== null) throw new CaseError(`${action} would change what the run has not made: ${foreign}`)
    const tagged = TAGGED.has(action) && parameters['Tags'] === undefined
    const tags = JSON.stringify([{ TagKey: TAG_KEY, TagValue: this.#id }])
    const call: Call = {
      action,
      product,
      version,
      parameters: tagged ? { ...parameters, Tags: tags } : parameters,
      credentials: this.#credentialsOf(step, variables),
      send: JSON.parse(filledJson(step.send ?? {}, variables)),
    }
    const reply = await this.#caller.call(call)
    if (reply.code?.includes('Throttling') && step.expect?.code !== reply.code)
      throw new NotRun(`${action} is throttled: ${reply.code}`)
    this.#made.note({ ...call, credentials: this.#caller.credentials }, reply)
    return reply
  }

  #textsOf(request: Members, variables: Variables): Readonly<Record<string, string>> {
    return Object.fromEntries(
      Object.entries(request).map(([name, value]) => [name, parameterText(value, variables, this.#machine)]),
    )
  }

  #credentialsOf({ by }: Step, variables: Variables): Credentials {
    if (!by) return this.#caller.credentials
    const of = (text: string) => filled(text, variables)
    return {
      AccessKeyId: of(by.AccessKeyId),
      AccessKeySecret: of(by.AccessKeySecret),
      SecurityToken: by.SecurityToken === undefined ? undefined : of(by.SecurityToken),
    }
  }

  async #eventFaults(
    sought: { eventName: string; requestId: string; time: number },
    expected: Members | null,
    variables: Variables,
  ): Promise<readonly string[]> {
    const event = await findEvent(sought, this.#patience(), this.#caller, this.#machine)
    if (event === null && this.#options.stopped()) throw new NotRun(STOPPED)
    if (expected === null) return event === null ? [] : ['the call left an event']
    return event === null ? ['the call left no event within the patience'] : eventFaults(event, expected, variables)
  }

  /** Takes away all that was made; returns what is left, each with the reason. */
  async takeAway(): Promise<readonly string[]> {
    const left: string[] = []
    for (const call of this.#made.takenAwayBy()) {
      const why = await this.#caller.call(call).then(
        async (reply) =>
          isAway(reply) || (await this.#isPendingDeletion(call)) ? null : `${reply.status} ${reply.code}`,
        (error: Error) => error.message,
      )
      if (why !== null) left.push(`${call.action} ${JSON.stringify(call.parameters)}: ${why}`)
    }
    return left
  }

  async #isPendingDeletion({ action, parameters, ...call }: Call): Promise<boolean> {
    const keyId = parameters['KeyId']
    if (keyId === undefined) return false
    const reply = await this.#caller.call({ ...call, action: 'DescribeKey', parameters: { KeyId: keyId } })
    return at(reply.body, 'KeyMetadata.KeyState') === 'PendingDeletion'
  }
}

/** Whether the server says that it does not offer what the step needs. */
function lacks({ mayLack = [] }: Step, { code }: Reply): boolean {
  return code !== null && mayLack.includes(code)
}

function filledJson(value: object, variables: Variables): string {
  return filled(JSON.stringify(value), variables, (text) => JSON.stringify(text).slice(1, -1))
}
