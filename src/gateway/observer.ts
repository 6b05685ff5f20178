// The gateway's reports about requests, and a log of unauthenticated requests that is bounded however many there are.
import type { Code } from '../api/errors/catalogue.ts'
import { FewReports } from '../runtime/few-reports.ts'
import type { Runtime } from '../runtime/runtime.ts'

/** Why the server closed a connection without an answer. */
export type Disconnection =
  | 'too many connections'
  | 'gave way to another'
  | 'no TLS handshake'
  | 'no request came'
  | 'answer was not read'

/** Receives the gateway's reports about requests. */
export interface Observer {
  /** A call of an authenticated caller got its answer after `ms` milliseconds. */
  answered(operation: Observed, outcome: 'OK' | Code, ms: number): void
  /** A request was refused before its caller was authenticated. */
  turnedAway(code: Code, sourceAddress: string): void
  /** A log-on to the console began a session, or was refused. */
  loggedOn(outcome: 'OK' | Code): void
  /** The server closed a connection without an answer. */
  disconnected(why: Disconnection, sourceAddress: string): void
  /** A refused call of this account got no event, because there are too many refused calls. */
  unrecorded(account: string): void
}

export interface Observed {
  readonly product: { readonly name: string }
  readonly name: string
}

export type Log = (fields: Readonly<Record<string, unknown>>, message: string) => void

/** How often the log names an account whose refused calls leave no event. */
const PERIOD_MS = 10_000

/** An observer that logs and has no metrics. */
export class RefusalLog implements Observer {
  readonly #log: Log
  readonly #runtime: Pick<Runtime, 'monotonic'>
  readonly #silenced = new Map<string, { began: number; hidden: number }>()
  readonly #few: FewReports

  constructor(log: Log, runtime: Pick<Runtime, 'monotonic' | 'after'>) {
    this.#log = log
    this.#runtime = runtime
    this.#few = new FewReports(runtime, (count) =>
      log({ count }, 'more unauthenticated requests refused or connections closed'),
    )
  }

  answered(_operation: Observed, _outcome: 'OK' | Code, _ms: number): void {}

  turnedAway(code: Code, sourceAddress: string): void {
    this.#tell({ code, sourceAddress }, 'unauthenticated request refused')
  }

  loggedOn(_outcome: 'OK' | Code): void {}

  disconnected(reason: Disconnection, sourceAddress: string): void {
    this.#tell({ reason, sourceAddress }, 'connection closed without an answer')
  }

  #tell(fields: Readonly<Record<string, unknown>>, message: string): void {
    if (this.#few.passes()) this.#log(fields, message)
  }

  unrecorded(account: string): void {
    const now = this.#runtime.monotonic()
    const silenced = this.#silenced.get(account)
    if (silenced && now - silenced.began < PERIOD_MS) {
      silenced.hidden++
      return
    }
    this.#silenced.set(account, { began: now, hidden: 0 })
    const count = (silenced?.hidden ?? 0) + 1
    this.#log({ account, count }, 'refused calls left no event: the account exceeds its rate of recorded refusals')
  }

  /** Logs an entry of another process of the server, within the same bounds. */
  relay(fields: Readonly<Record<string, unknown>>, message: string): void {
    if ('account' in fields) this.#log(fields, message)
    else if (typeof fields['count'] === 'number') this.#few.hide(fields['count'])
    else this.#tell(fields, message)
  }
}
