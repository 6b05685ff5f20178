// One transaction on SQLite, of several batches: each is held against its own basis and fails alone, and all of their events make one chain.
import { GrowingChain } from './growing-chain.ts'
import type { Batch } from './joined-batches.ts'
import { NonceMemory } from './nonce-memory.ts'
import { changedKeys, movedCalls, type Step, stepsOf, toChanges, toRow } from './rows.ts'
import type { Indexing } from './search.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import type { Statements } from './statements.ts'
import {
  type Basis,
  type Chaining,
  type Changes,
  type Commit,
  type Outcome,
  type RowChange,
  Stale,
  type Stored,
  Unavailable,
} from './storage.ts'

interface Parts {
  readonly db: SqliteConnection
  readonly statements: Statements
  readonly indexing: Indexing
  /** Those that earlier transactions used. */
  readonly nonces: Pick<NonceMemory, 'has'>
  /** Whether a savepoint is set before each call that changes rows. SQLite then copies each page that the call changes. */
  readonly savepoints: boolean
}

/** A call failed after it had changed rows, without a savepoint. The transaction must be rolled back, and repeated with savepoints. */
export class HalfDone extends Error {}

/** For one transaction, which the caller begins and ends. */
export class SqliteTransaction {
  readonly #db: SqliteConnection
  readonly #statements: Statements
  readonly #indexing: Indexing
  readonly #nonces: Pick<NonceMemory, 'has'>
  readonly #savepoints: boolean
  /** What the batches add to. */
  #chain: GrowingChain | null = null
  /** The nonces of the batches, and when the last of them expires. */
  readonly #digests: Uint8Array[] = []
  readonly #ownNonces = new NonceMemory()
  #expiresAt = 0

  constructor({ db, statements, indexing, nonces, savepoints }: Parts) {
    this.#db = db
    this.#statements = statements
    this.#indexing = indexing
    this.#nonces = nonces
    this.#savepoints = savepoints
  }

  /** Commits the batches in their order; returns how each ended. Throws where none of them may be stored, and HalfDone. */
  commit(batches: readonly Batch[]): readonly (Stored | Stale)[] {
    const ended = batches.map((batch) => this.#commitHeld(batch))
    const [expiresAt, chain] = [this.#expiresAt, this.#chain]
    if (this.#digests.length > 0)
      this.#db.run(this.#statements.nonceBatch({ expiresAt, digests: Buffer.concat(this.#digests) }))
    // INVARIANT: no call of the batches changes the row of the head.
    if (chain && this.#db.run(this.#statements.moveHead({ ...chain.row(), from: chain.before.revision })) !== 1)
      throw new Unavailable('the head of the event chain changed in the middle of a batch')
    return ended
  }

  #commitHeld({ commits, chaining, basis }: Batch): Stored | Stale {
    const before = Number(this.#db.first(this.#statements.changeNumber({}))?.['n'])
    if (basis && basis.number !== before && !basis.reads) return new Stale()
    const changes = basis?.reads && basis.number !== before ? this.#changesNow(basis.number) : null
    const moved = basis?.reads && changes ? movedCalls(basis.reads, changes) : []
    // After a change of the root keys all calls are moved. Then the head must not be written under the root keys of this batch.
    if (commits.some(({ event }, i) => event && !moved[i])) this.#chainOn(chaining, basis)
    const outcomes = commits.map((commit, i) => (moved[i] ? 'moved' : this.#commitOnce(commit)))
    const keys = changedKeys(commits.filter((_, i) => outcomes[i] === 'committed'))
    if (keys.length > 0) {
      this.#db.run(this.#statements.moveAnyNumber({}))
      this.#db.run(this.#statements.logChange({ keys: JSON.stringify(keys) }))
      this.#db.run(this.#statements.dropLogged({}))
    }
    const number = before + Math.min(keys.length, 1)
    if (changes?.keys) return { outcomes, number, others: { number: before, keys: changes.keys } }
    return { outcomes, number: basis?.number === before ? number : null }
  }

  #changesNow(number: number): Changes {
    return toChanges(this.#db.all(this.#statements.changesSince({ number })), number)
  }

  /** Begins the transaction's chain, or continues it for another batch. */
  #chainOn(chaining: Chaining, basis: Basis | null): void {
    const change = basis?.number ?? null
    if (this.#chain) return void this.#chain.goOn(chaining, change)
    const row = this.#db.first(this.#statements.get(chaining.place))
    this.#chain = new GrowingChain(row ? toRow(row) : null, chaining, change)
  }

  #commitOnce(commit: Commit): Outcome {
    const { nonce } = commit
    if (!nonce) return this.#commitOne(commit)
    const { digest, expiresAt } = nonce
    if (this.#ownNonces.has(digest) || this.#nonces.has(digest)) return 'nonce-used'
    const outcome = this.#commitOne(commit)
    if (outcome === 'committed') {
      this.#digests.push(digest)
      this.#ownNonces.add(digest, expiresAt)
      this.#expiresAt = Math.max(this.#expiresAt, expiresAt)
    }
    return outcome
  }

  #commitOne({ changes, event, further }: Commit): Outcome {
    const failed = changes.length > 0 ? this.#change(changes) : null
    if (failed) return failed
    const chain = this.#chain
    if (!event || !chain) return 'committed'
    for (const added of [event, ...(further ?? [])]) this.#db.run(this.#statements.event(chain.add(added)))
    return 'committed'
  }

  /** Makes all of the changes, or none. Returns why none. */
  #change(changes: readonly RowChange[]): 'moved' | 'full' | null {
    if (!this.#savepoints) return this.#firstFailure(changes)
    this.#db.control('SAVEPOINT call')
    const failed = this.#firstFailure(changes)
    if (failed) this.#db.control('ROLLBACK TO call')
    this.#db.control('RELEASE call')
    return failed
  }

  #firstFailure(changes: readonly RowChange[]): 'moved' | 'full' | null {
    let hasChanged = false
    for (const change of changes)
      for (const step of stepsOf(change, this.#statements, this.#indexing)) {
        if (this.#take(step)) hasChanged ||= change.change !== 'expect'
        else if (hasChanged && !this.#savepoints) throw new HalfDone()
        else return step.otherwise
      }
    return null
  }

  #take({ guarded, opening, closing }: Step): boolean {
    if (!this.#db.touches(guarded)) {
      if (!opening) return false
      this.#db.run(opening)
      if (!this.#db.touches(guarded)) return false
    }
    if (closing) this.#db.run(closing)
    return true
  }
}
