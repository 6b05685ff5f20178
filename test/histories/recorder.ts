// Records histories: clients that call servers at random, each call with its beginning, its end and its answer, for the judge to find
// out whether one server on one database could have given the same answers.
import { randomBytes } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type Called, type Credentials, call } from '../acceptance/program.ts'
import { seed } from '../size.ts'
import { until } from '../until.ts'
import type { Ask, Subject } from './ask.ts'
import { FAMILIES } from './families.ts'
import { judged } from './judge.ts'
import { type Pick, picking } from './random.ts'
import { Lost, setupOf } from './setup.ts'

/** The calls in flight on one group of records decide what judging it costs. */
const MOST_CLIENTS = 8
/** A group of records is left for a new one after so many calls, or so many after the first whose outcome nobody knows. */
const CALLS = { ofGroup: 400, afterUnknown: 80 }
/** A group is left at once after so many calls whose outcome nobody knows: the judge has to try all of their places. */
const MOST_UNKNOWN = 10
/** A call that takes longer counts as one with an unknown outcome, and goes on in the background. */
const CALL_LIMIT_MS = 20_000
/** How long a client waits for a server that is away. */
const AWAY_MS = 20

export interface Recording {
  /** The addresses of the servers, asked for before each call. A server keeps its place in the list; '' while it is away. */
  readonly endpoints: () => readonly string[]
  /** Of the account that everything is made in. */
  readonly credentials: Credentials
  /** Clients on each group of records, at most 8. */
  readonly clients?: number
  /** What the histories are about: see families.ts. */
  readonly families?: readonly string[]
}

/** A call with its outcome: the words of its answer, or null for an unknown one. Times are nanoseconds on one monotonic clock. */
interface Noted {
  readonly group: Group
  readonly server: number
  readonly client: number
  readonly ask: Ask
  readonly begin: number
  readonly end: number
  readonly answer: (() => readonly string[]) | null
}

interface Group {
  readonly name: string
  readonly family: string
  readonly subject: Subject
  calls: number
  /** How many of them have an unknown outcome. */
  unknown: number
  /** After so many calls it is left. */
  limit: number
}

export class History {
  readonly #recording: Required<Recording>
  readonly #notes: Noted[] = []
  readonly #groups: Group[] = []
  readonly #begin = process.hrtime.bigint()
  readonly #work: Promise<unknown>
  #stopped = false

  /** See startHistory. */
  constructor(recording: Recording) {
    this.#recording = { clients: 6, families: Object.keys(FAMILIES), ...recording }
    if (this.#recording.clients > MOST_CLIENTS) throw new Error(`at most ${MOST_CLIENTS} clients on one group`)
    this.#work = Promise.all(this.#recording.families.map((family, i) => this.#groupsOf(family, i)))
    // Whoever stops it hears of what failed.
    this.#work.catch(() => {})
  }

  /** How many calls were made so far. */
  get calls(): number {
    return this.#notes.length
  }

  /** How long each call took whose outcome is unknown, in milliseconds. */
  get unanswered(): readonly number[] {
    return this.#notes.filter(({ answer }) => answer === null).map(({ begin, end }) => (end - begin) / 1e6)
  }

  /** How often each call had each outcome, such as `key Encrypt Rejected.Disabled` or `key Encrypt unknown`. */
  get outcomes(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const { group, ask, answer } of this.#notes) {
      const outcome = `${group.family} ${ask.call} ${answer?.()[0] ?? 'unknown'}`
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
    }
    return counts
  }

  /** Waits until so many calls were made. Rejects as `stop` does. */
  async reach(calls: number): Promise<void> {
    await Promise.race([this.#work, until(() => this.calls >= calls)])
  }

  /** Makes no more calls, and waits for those under way. Rejects when a group could not be made or a call had no sense. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#work
  }

  /** Resolves to a summary when the history is linearizable. Rejects with the smallest contradiction, or when it is undecided. */
  async judge(): Promise<string> {
    return judged([
      ...this.#groups.map(({ name, family, subject }) => ({ record: name, family, about: subject.about })),
      ...this.#notes.map(({ group, server, client, ask, begin, end, answer }) => ({
        record: group.name,
        server: `server ${server + 1}`,
        client,
        begin,
        end: answer ? end : null,
        call: ask.call,
        args: ask.args ?? [],
        as: ask.as ?? '',
        answer: answer?.().join(' ') ?? null,
      })),
    ])
  }

  /** One group of a family after the other, each with all clients. */
  async #groupsOf(family: string, place: number): Promise<void> {
    for (let n = 1; !this.#stopped; n++) {
      const pick = picking(seed + 1000 * place + n)
      const subject = await this.#made(family)
      if (!subject) {
        await pause(AWAY_MS)
        continue
      }
      const group = { name: `${family} ${n}`, family, subject, calls: 0, unknown: 0, limit: CALLS.ofGroup }
      this.#groups.push(group)
      const clients = Array.from({ length: this.#recording.clients }, (_, client) => this.#client(group, client, pick))
      await Promise.all(clients)
    }
  }

  async #made(family: string): Promise<Subject | null> {
    const { endpoints, credentials } = this.#recording
    const endpoint = endpoints().find((one) => one !== '')
    const make = FAMILIES[family]
    if (!make) throw new Error(`no family ${family}`)
    if (endpoint === undefined) return null
    try {
      return await make(setupOf(endpoint, credentials, randomBytes(5).toString('hex')))
    } catch (error) {
      if (error instanceof Lost) return null
      throw error
    }
  }

  async #client(group: Group, client: number, pick: Pick): Promise<void> {
    while (!this.#stopped && group.calls < group.limit) {
      const endpoints = this.#recording.endpoints()
      const server = pick([...endpoints.keys()])
      const endpoint = endpoints[server] ?? ''
      const ask = group.subject.next(pick)
      const begin = this.#now()
      const answered = endpoint === '' ? null : await this.#answer(ask, endpoint)
      if (answered === null) {
        await pause(AWAY_MS)
        continue
      }
      const end = this.#now()
      group.calls++
      const known = answered !== 'unknown'
      if (!known) {
        group.unknown++
        const more = group.unknown < MOST_UNKNOWN ? CALLS.afterUnknown : 0
        group.limit = Math.min(group.limit, group.calls + more)
      }
      this.#notes.push({ group, server, client, ask, begin, end, answer: known ? wordsOf(answered, ask) : null })
    }
  }

  /** What the server answered; null when it certainly did not get the call. */
  async #answer(ask: Ask, endpoint: string): Promise<Called | 'unknown' | null> {
    const credentials = ask.credentials ?? this.#recording.credentials
    const late = new AbortController()
    const calling = call(endpoint, credentials, ask.call, ask.parameters, Date.now())
      .then((called) => (called.status === 503 ? 'unknown' : called))
      .catch((error: NodeJS.ErrnoException) => (error.code === 'ECONNREFUSED' ? null : 'unknown'))
      .finally(() => late.abort())
    const waiting = pause<'unknown'>(CALL_LIMIT_MS, 'unknown', { signal: late.signal }).catch(() => calling)
    return Promise.race([calling, waiting])
  }

  /** Nanoseconds since the history began. */
  #now(): number {
    return Number(process.hrtime.bigint() - this.#begin)
  }
}

/** Starts clients that call, all at once, until the history is stopped. */
export function startHistory(recording: Recording): History {
  return new History(recording)
}

/** `OK` and what the answer shows, or the code of the refusal. */
function wordsOf({ status, body }: Called, ask: Ask): () => readonly string[] {
  if (status !== 200) return () => [String(body.Code)]
  const shows = ask.shows?.(body)
  return () => ['OK', ...(shows?.() ?? [])]
}
