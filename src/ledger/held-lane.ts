// The lane in which this server records. Servers with different lanes never wait for one another. The record of a lane's head names its
// holder. A server takes a lane by changing that record, which makes the former holder's next batch fail. No clock is involved. A process
// that takes no lane records in lane 0, together with its holder.
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { MOST_LANES } from '../storage/lane.ts'
import { type Row, type RowChange, type Storage, Unavailable } from '../storage/storage.ts'
import { firstHead, genesisOf, heldBy, holderOf, LaneLost, laneOfHead, type WatchfulChaining } from './chain.ts'
import type { FollowedChanges } from './followed-changes.ts'
import { headRows, LANES, LANES_ID, lanesRow } from './head-rows.ts'
import { fromRow, INSTALLATION, insert, toRow, update } from './record.ts'
import type { RootWatch } from './root-watch.ts'
import { withSecondLook } from './second-look.ts'

/** More rounds than servers that take lanes at the same moment. */
const ROUNDS = 1000
/** The most times that one batch may find its lane taken. */
const TAKES = 5

interface Parts {
  readonly storage: Storage
  readonly keys: RootKeys
  readonly chaining: WatchfulChaining
  readonly roots: RootWatch
  readonly changes: FollowedChanges
  readonly runtime: Pick<Runtime, 'now'>
}

export class HeldLane {
  readonly #parts: Parts
  #holder: string | null = null

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** The lane in which this process records. */
  get number(): number {
    return laneOfHead(this.#parts.chaining.place.id)
  }

  /** Takes a free lane, or adds one, for the server `holder`. Throws Unavailable. */
  async take(holder: string): Promise<void> {
    this.#holder = holder
    await this.#taking(holder)
  }

  /** Does the work. When the lane is lost, takes another lane and repeats the work. */
  async holding<T>(work: () => Promise<T>): Promise<T> {
    for (let takes = 0; ; takes++)
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof LaneLost) || this.#holder === null || takes === TAKES) throw error
        await this.#taking(this.#holder)
      }
  }

  /** Releases the lane for the next server that starts. */
  async release(): Promise<void> {
    const holder = this.#holder
    if (holder !== null) await this.releaseOf((other) => other === holder)
  }

  /** Frees the lanes of the holders for which `gone` returns true. Returns how many. */
  async releaseOf(gone: (holder: string) => boolean): Promise<number> {
    const { keys } = this.#parts
    let released = 0
    for (let round = 0; round < ROUNDS; round++) {
      const { epoch } = keys
      const held = (await this.#rows()).filter((row) => gone(holderOf(row, keys) ?? ''))
      if (held.length === 0) return released
      // A head that moved meanwhile is tried again in the next round.
      for (const row of held) if (await this.#change(epoch, [renamed(row, heldBy(row, null, keys))])) released++
    }
    return released
  }

  /** The servers that hold lanes. */
  async holders(): Promise<ReadonlySet<string>> {
    return new Set((await this.#rows()).flatMap((row) => holderOf(row, this.#parts.keys) ?? []))
  }

  async #taking(holder: string): Promise<void> {
    const { keys, chaining } = this.#parts
    for (let round = 0; round < ROUNDS; round++) {
      const { epoch } = keys
      const rows = await this.#rows()
      const free = rows.find((row) => [holder, null].includes(holderOf(row, keys)))
      const lane = free ? laneOfHead(free.id) : rows.length
      const changes = free ? [renamed(free, heldBy(free, holder, keys))] : await this.#added(lane, holder)
      if (!(await this.#change(epoch, changes))) continue
      chaining.hold(lane, holder)
      return
    }
    throw new Unavailable('no lane of the trail could be taken: other servers took each one first')
  }

  /** The changes that add a lane. */
  async #added(lane: number, holder: string): Promise<readonly RowChange[]> {
    const { storage, keys, runtime } = this.#parts
    const now = runtime.now()
    if (lane >= MOST_LANES) throw new Unavailable(`the trail has ${MOST_LANES} lanes, and no server can have another`)
    const body = { count: lane + 1 }
    const head = inserted(firstHead(genesisOf(lane), now, keys, holder))
    const before = await lanesRow(storage)
    if (before) return [renamed(before, toRow(update(fromRow(before, keys), { body }).after, keys)), head]
    const { after } = insert(LANES, { ...INSTALLATION, id: LANES_ID, createdAt: now, body })
    return [inserted(toRow(after, keys)), head]
  }

  #rows(): Promise<readonly Row[]> {
    const { storage, keys, roots } = this.#parts
    return withSecondLook(roots, () => headRows(storage, keys))
  }

  /** Commits changes that were authenticated under the root keys of this epoch. Returns whether that succeeded. */
  async #change(epoch: number, changes: readonly RowChange[]): Promise<boolean> {
    const { storage, keys, chaining } = this.#parts
    const batch = [{ changes, nonce: null, event: null, scrub: false }]
    return this.#parts.changes.commit(async (store) => {
      if (keys.epoch !== epoch) return false
      const { outcomes } = await store(
        () => [[]],
        (basis) => storage.commit(batch, chaining, basis),
      )
      return outcomes[0] === 'committed'
    })
  }
}

function inserted(row: Row): RowChange {
  return { change: 'insert', row, counted: null }
}

function renamed(before: Row, after: Row): RowChange {
  return { change: 'update', row: after, before }
}
