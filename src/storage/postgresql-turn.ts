// A turn on PostgreSQL: a transaction that holds a lock on the change number, so that all other transactions that change records wait.
import { GrowingChain } from './growing-chain.ts'
import { isLost } from './lost-connection.ts'
import type { Session } from './postgresql-session.ts'
import { toRow } from './rows.ts'
import type { Statements } from './statements.ts'
import type { Basis, Chaining, RowKey } from './storage.ts'

/** The turn's transaction. Its methods reject with errors of the driver. */
export interface HeldNumber {
  readonly session: Session
  /** The chain from the lane's head, which the transaction has locked as well. Ends the transaction when it throws as GrowingChain does. */
  chain(chaining: Chaining, basis: Basis | null): Promise<GrowingChain>
  /** Rolls the transaction back, and releases the connection. */
  rollBack(): Promise<void>
}

/**
 * Begins a transaction that locks the head of the lane at `place`, and then the change number, in the order in which batches lock them.
 * When it throws, it releases the connection, unless that is lost. Throws errors of the driver.
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
