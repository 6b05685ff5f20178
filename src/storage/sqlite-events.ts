// Recorded events in SQLite. Rows come as arrays where there may be millions of them.
import { laneEnd, laneOf } from './lane.ts'
import type { Columns } from './rows.ts'
import type { Bound } from './statement.ts'
import type { Statements } from './statements.ts'
import type { ChainedEvent } from './storage.ts'
import { StoredEvents } from './stored-events.ts'

type EventColumns = readonly [
  seq: number,
  eventId: string,
  account: string,
  region: string,
  at: number,
  body: string,
  hash: string,
  change: number | null,
]

export class SqliteEvents extends StoredEvents {
  readonly #events: Statements['events']
  readonly #arrays: (bound: Bound) => readonly unknown[]

  /** `all` returns rows as objects, `arrays` as arrays of column values. */
  constructor(
    statements: Statements,
    all: (bound: Bound) => Promise<readonly Columns[]>,
    arrays: (bound: Bound) => readonly unknown[],
  ) {
    super(statements, all)
    this.#events = statements.events
    this.#arrays = arrays
  }

  override async after(seq: number, limit: number, last = laneEnd(laneOf(seq))): Promise<readonly ChainedEvent[]> {
    const rows = this.#arrays(this.#events({ seq, last, limit })) as readonly EventColumns[]
    return rows.map(([number, eventId, account, region, at, body, hash, change]) => ({
      seq: number,
      eventId,
      account,
      region,
      at,
      body,
      hash,
      change,
    }))
  }
}
