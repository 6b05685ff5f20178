// The statements on events and their index.
import type { Kysely } from 'kysely'
import { sql } from './kysely.ts'
import { type Bound, grouped, type Statement, statement } from './statement.ts'
import type { ChainedEvent, IndexPart } from './storage.ts'
import type { Dialect, Tables } from './tables.ts'

/** A part of the index with its terms and postings. */
type WholePart = IndexPart & { readonly terms: Uint8Array; readonly postings: Uint8Array }

export interface EventStatements {
  readonly event: Statement<ChainedEvent>
  /** The statement of a group of events (GROUPS). */
  readonly eventGroup: (events: readonly ChainedEvent[]) => Bound
  readonly events: Statement<{ seq: number; last: number; limit: number }>
  readonly eventsAt: (seqs: readonly number[]) => Bound
  readonly dropEvents: Statement<{ from: number; seq: number; limit: number }>
  /** Inserts a part, or replaces the part that begins at the same event, if that has the MAC `former`. */
  readonly addPart: Statement<WholePart & { former: Uint8Array }>
  readonly renewPart: Statement<{ firstSeq: number; former: Uint8Array; mac: Uint8Array }>
  readonly parts: Statement<{ after: number; last: number; limit: number }>
  readonly terms: Statement<{ firstSeq: number }>
  readonly postings: Statement<{ firstSeq: number }>
  readonly dropParts: Statement<{ from: number; seq: number }>
}

export function eventStatements(db: Kysely<Tables>, dialect: Dialect): EventStatements {
  const event = db.selectFrom('event').select(['seq', 'event_id', 'account', 'region', 'at', 'body', 'hash', 'change'])
  const eventsAt = statement<{ seqs: string }>(({ seqs }) => {
    const list =
      dialect === 'sqlite'
        ? sql<number>`(SELECT value FROM json_each(${seqs}))`
        : sql<number>`(SELECT unnest(${seqs}::bigint[]))`
    return event.where('seq', 'in', list).orderBy('seq')
  })
  const columnsOf = ({ seq, eventId, account, region, at, body, hash, change }: ChainedEvent) => ({
    seq,
    event_id: eventId,
    account,
    region,
    at,
    body,
    hash,
    change,
  })
  const single = statement<ChainedEvent>((given) => db.insertInto('event').values(columnsOf(given)))
  return {
    event: single,
    eventGroup: grouped(single, (given) => db.insertInto('event').values(given.map(columnsOf))),
    events: statement(({ seq, last, limit }) =>
      event.where('seq', '>', seq).where('seq', '<=', last).orderBy('seq').limit(limit),
    ),
    eventsAt: (seqs) => eventsAt({ seqs: dialect === 'sqlite' ? JSON.stringify(seqs) : `{${seqs.join(',')}}` }),
    dropEvents: statement(({ from, seq, limit }) =>
      db
        .deleteFrom('event')
        .where('seq', 'in', (inner) =>
          inner
            .selectFrom('event')
            .select('seq')
            .where('seq', '>=', from)
            .where('seq', '<=', seq)
            .orderBy('seq')
            .limit(limit),
        )
        .returning('seq'),
    ),
    addPart: statement((part) =>
      db
        .insertInto('event_index')
        .values({
          first_seq: part.firstSeq,
          last_seq: part.lastSeq,
          from_at: part.fromAt,
          to_at: part.toAt,
          last_hash: part.lastHash,
          terms_hash: part.termsHash,
          postings_hash: part.postingsHash,
          mac: part.mac,
          terms: part.terms,
          postings: part.postings,
        })
        .onConflict((conflict) =>
          conflict
            .column('first_seq')
            .doUpdateSet((columns) => ({
              last_seq: columns.ref('excluded.last_seq'),
              from_at: columns.ref('excluded.from_at'),
              to_at: columns.ref('excluded.to_at'),
              last_hash: columns.ref('excluded.last_hash'),
              terms_hash: columns.ref('excluded.terms_hash'),
              postings_hash: columns.ref('excluded.postings_hash'),
              mac: columns.ref('excluded.mac'),
              terms: columns.ref('excluded.terms'),
              postings: columns.ref('excluded.postings'),
            }))
            .where('event_index.mac', '=', part.former),
        ),
    ),
    renewPart: statement(({ firstSeq, former, mac }) =>
      db.updateTable('event_index').set({ mac }).where('first_seq', '=', firstSeq).where('mac', '=', former),
    ),
    parts: statement(({ after, last, limit }) =>
      db
        .selectFrom('event_index')
        .select(['first_seq', 'last_seq', 'from_at', 'to_at', 'last_hash', 'terms_hash', 'postings_hash', 'mac'])
        .where('first_seq', '>', after)
        .where('first_seq', '<=', last)
        .orderBy('first_seq')
        .limit(limit),
    ),
    terms: statement(({ firstSeq }) => db.selectFrom('event_index').select('terms').where('first_seq', '=', firstSeq)),
    postings: statement(({ firstSeq }) =>
      db.selectFrom('event_index').select('postings').where('first_seq', '=', firstSeq),
    ),
    dropParts: statement(({ from, seq }) =>
      db.deleteFrom('event_index').where('last_seq', '>=', from).where('last_seq', '<=', seq),
    ),
  }
}
