// A turn on PostgreSQL: a transaction that has locked the change number, so that all other transactions that change records wait for it.
import { GrowingChain } from './growing-chain.ts'
import { isLost, within } from './lost-connection.ts'
import type { Connection, Pool } from './postgresql-connections.ts'
import { toRow } from './rows.ts'
import type { Statements } from './statements.ts'
import type { Basis, Chaining, RowKey } from './storage.ts'

/** The transaction. All that it does rejects with errors of the driver. */
export interface HeldNumber {
  readonly connection: Connection
  /** The chain from the head of the lane, which it has locked, too. Ends the transaction where it throws as GrowingChain does. */
  chain(chaining: Chaining, basis: Basis | null): Promise<GrowingChain>
  /** Ends the transaction without a trace, and releases the connection. */
  rollBack(): Promise<void>
}

/**
 * Begins a transaction by `begin` that holds the change number and the head of the lane at `place`, in the order in which batches lock them.
 * It releases the connection where it throws, unless that is lost. Throws errors of the driver.
 */
export async function holdNumber(
  pool: Pool,
  connection: Connection,
  begin: string,
  place: RowKey,
  { lockHead, lockNumber }: Statements,
  patienceMs: number,
): Promise<HeldNumber> {
  const end = () => within(patienceMs, connection.unsafe('ROLLBACK'), pool.underWay)
  const rollBack = async () => {
    await end()
    connection.release()
  }
  try {
    const inOrder = Promise.all([
      connection.unsafe(begin),
      ...[lockHead(place), lockNumber({})].map(({ text, values }) =>
        connection.unsafe(text, values, { prepare: true }),
      ),
    ])
    const [, [row] = []] = await within(patienceMs, inOrder, pool.underWay)
    return {
      connection,
      async chain(chaining, basis) {
        try {
          return new GrowingChain(row ? toRow(row) : null, chaining, basis?.number ?? null)
        } catch (error) {
          await end()
          throw error
        }
      },
      rollBack,
    }
  } catch (error) {
    if (!isLost(error)) await rollBack()
    throw error
  }
}
