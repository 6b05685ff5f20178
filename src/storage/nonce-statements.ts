// The statements on nonces.
import type { Kysely } from 'kysely'
import { type Bound, grouped, type Statement, statement } from './statement.ts'
import type { Tables } from './tables.ts'

type NonceRow = { readonly digest: Uint8Array; readonly expiresAt: number }

export interface NonceStatements {
  /** Guarded. */
  readonly nonce: Statement<NonceRow>
  /** The statement of a group of nonces (GROUPS). It touches the nonces that are new. */
  readonly nonceGroup: (nonces: readonly NonceRow[]) => Bound
  readonly dropNonces: Statement<{ now: number; limit: number }>
  /** The nonces of one batch, for SQLite, where memory knows the used nonces. */
  readonly nonceBatch: Statement<{ expiresAt: number; digests: Uint8Array }>
  readonly nonceBatches: Statement<{ limit: number; offset: number }>
  readonly dropNonceBatches: Statement<{ now: number; limit: number }>
}

export function nonceStatements(db: Kysely<Tables>): NonceStatements {
  const inserting = (rows: readonly NonceRow[]) =>
    db
      .insertInto('nonce')
      .values(rows.map(({ digest, expiresAt }) => ({ digest, expires_at: expiresAt })))
      .onConflict((conflict) => conflict.doNothing())
      .returning('expires_at')
  const single = statement<NonceRow>((given) => inserting([given]))
  return {
    nonce: single,
    nonceGroup: grouped(single, inserting),
    dropNonces: statement(({ now, limit }) =>
      db
        .deleteFrom('nonce')
        .where('digest', 'in', (inner) =>
          inner.selectFrom('nonce').select('digest').where('expires_at', '<', now).limit(limit),
        )
        .returning('expires_at'),
    ),
    nonceBatch: statement(({ expiresAt, digests }) =>
      db.insertInto('nonce_batch').values({ expires_at: expiresAt, digests }),
    ),
    nonceBatches: statement(({ limit, offset }) =>
      db.selectFrom('nonce_batch').select(['expires_at', 'digests']).orderBy('seq').limit(limit).offset(offset),
    ),
    dropNonceBatches: statement(({ now, limit }) =>
      db
        .deleteFrom('nonce_batch')
        .where('seq', 'in', (inner) =>
          inner.selectFrom('nonce_batch').select('seq').where('expires_at', '<', now).limit(limit),
        )
        .returning('seq'),
    ),
  }
}
