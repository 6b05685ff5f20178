// A turn on PostgreSQL: a transaction that has locked the change number, so that all other transactions that change records wait for it.
import { GrowingChain } from './growing-chain.ts'
import { isLost } from './lost-connection.ts'
import type { Session } from './postgresql-session.ts'
import { toRow } from './rows.ts'
import type { Statements } from './statements.ts'
import type { Basis, Chaining, RowKey } from './storage.ts'

/** The transaction. All that it does rejects with errors of the driver. */
export interface HeldNumber {
  readonly session: Session
  /** The chain from the head of the lane, which it has locked, too. Ends the transaction where it throws as GrowingChain does. */
  chain(chaining: Chaining, basis: Basis | null): Promise<GrowingChain>
  /** Ends the transaction without a trace, and releases the connection. */
  rollBack(): Promise<void>
}

/**
 * Begins a transaction that holds the change number and the head of the lane at `place`, in the order in which batches lock them.
 * It releases the connection where it throws, unless that is lost. Throws errors of the driver.
 */
export async function holdNumber(
  session: Session,
  place: RowKey,
  { lockHead, lockNumber }: Statements,
): Promise<HeldNumber> {
  const rollBack = async () => {
    await session.rollBack()
    session.release()
  }
  try {
    const inOrder = Promise.all([
      session.beginHolding(),
      ...[lockHead(place), lockNumber({})].map((step) => session.send(step)),
    ])
    const [, [row] = []] = await session.answered(inOrder)
    return {
      session,
      async chain(chaining, basis) {
        try {
          return new GrowingChain(row ? toRow(row) : null, chaining, basis?.number ?? null)
        } catch (error) {
          await session.rollBack()
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
