// Does the verifications that accounts request (verification.ts): one at a time in each server, in small steps, with as long a rest after
// each. The walk's state is in memory alone. Its progress is stored once a second, so that every server can report it.
import type { Alarm } from '../../ledger/alarm.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { Change } from '../../ledger/record.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import { faultBeside, verifyTrail } from './audit.ts'
import { type Checkpoint, publicKeyOf, type TrailSigner } from './checkpoint.ts'
import type { TrailRooms } from './range.ts'
import {
  begun,
  ended,
  handedBack,
  isOpen,
  judged,
  moved,
  VERIFICATION,
  VERIFICATION_SCOPE,
  type Verification,
} from './verification.ts'

/** How many events a step reads: a few milliseconds of work. */
const ROWS_AT_ONCE = 256
/** How often a verification stores its progress, and learns whether it was canceled. */
const TELL_MS = 1000

export interface VerifierHouse extends Pick<TrailRooms, 'eventIndex'> {
  readonly ledger: Pick<Ledger, 'between' | 'due' | 'commit' | 'events' | 'heads'>
  readonly trailSigner: Pick<TrailSigner, 'publicKey'>
  /** See DeliveryHouse.node. */
  readonly node: string
  /** The checkpoint that was kept outside the database, or null. Throws when it can't be read. */
  readonly witness: () => (Checkpoint & { readonly stored?: number }) | null
  now(): number
  readonly runtime: Pick<Runtime, 'monotonic' | 'pause'>
  readonly failed: Alarm
}

/** The record no longer belongs to this run: a caller canceled the verification or requested another, or another server took it over. */
class Superseded extends Error {}
class Stopped extends Error {}

type ChangeOf = (held: Verification) => Change & { readonly after: Verification }

export class Verifier {
  readonly #house: VerifierHouse
  readonly #stop: AbortSignal

  constructor(house: VerifierHouse, stop: AbortSignal) {
    this.#house = house
    this.#stop = stop
  }

  /** Does the verification that has waited longest, if there is one. Throws when the database can't be reached. */
  async next(): Promise<void> {
    const { ledger, node, now } = this.#house
    const [waiting] = await ledger.due(VERIFICATION, now(), 1)
    if (!waiting || this.#stop.aborted) return
    const change = begun(waiting, node, now())
    if (await this.#commit(change)) await new Run(this.#house, change.after, this.#stop).toItsEnd()
  }

  async #commit(change: Change): Promise<boolean> {
    return (await this.#house.ledger.commit({ changes: [change], nonce: null, event: null })) === 'committed'
  }
}

/** One verification that this server has begun. */
class Run {
  readonly #house: VerifierHouse
  readonly #stop: AbortSignal
  #held: Verification
  #toldAt: number
  #steppedAt: number
  #far = { seen: 0, total: 0 }

  constructor(house: VerifierHouse, held: Verification, stop: AbortSignal) {
    this.#house = house
    this.#held = held
    this.#stop = stop
    this.#steppedAt = house.runtime.monotonic()
    this.#toldAt = this.#steppedAt
  }

  async toItsEnd(): Promise<void> {
    try {
      await this.#change(await this.#end())
    } catch (error) {
      if (!(error instanceof Superseded)) throw error
    }
  }

  /** Verifies, and returns the change that ends this server's work on the verification. */
  async #end(): Promise<ChangeOf> {
    const { now, failed } = this.#house
    try {
      const verdict = await this.#verdict()
      return (held) => judged(held, verdict, now())
    } catch (error) {
      if (error instanceof Superseded) throw error
      if (error instanceof Stopped) return (held) => handedBack(held, now())
      failed('a verification of the trail failed', error)
      return (held) => ended(held, { state: 'Failed' }, now())
    }
  }

  async #verdict() {
    const { trailSigner, witness } = this.#house
    const known = witness()
    const { from, to } = this.#held.body
    const publicKey = publicKeyOf(trailSigner.publicKey)
    const step = (seen: number, total: number) => {
      this.#far = { seen, total }
      return this.#step()
    }
    const witnesses = known ? [known] : []
    const verified = await verifyTrail(this.#house, { from, to }, publicKey, witnesses, step, ROWS_AT_ONCE)
    if (verified.fault) return verified
    return { ...verified, fault: await faultBeside(this.#house, known?.stored ?? 0, () => this.#step()) }
  }

  /** Called after each step: stores the progress when it is due, and rests for as long as the step took. */
  async #step(): Promise<void> {
    const { runtime, now } = this.#house
    if (this.#stop.aborted) throw new Stopped()
    const at = runtime.monotonic()
    if (at - this.#toldAt >= TELL_MS) {
      this.#toldAt = at
      const { seen, total } = this.#far
      await this.#change((held) => moved(held, seen, total, now()))
    }
    await runtime.pause(runtime.monotonic() - this.#steppedAt, this.#stop)
    this.#steppedAt = runtime.monotonic()
  }

  /** Commits a change while this server holds the verification. Throws Superseded when it no longer does. */
  async #change(change: ChangeOf): Promise<void> {
    const { ledger } = this.#house
    for (;;) {
      const changed = change(this.#held)
      if ((await ledger.commit({ changes: [changed], nonce: null, event: null })) === 'committed') {
        this.#held = changed.after
        return
      }
      this.#held = await this.#stillHeld()
    }
  }

  /** The record as it is now. A change of the root keys may have moved its revision without superseding this run. */
  async #stillHeld(): Promise<Verification> {
    const { ledger, node } = this.#house
    const { id, body } = this.#held
    const where = { after: id.slice(0, -1), before: `${id}~`, limit: 100 }
    const found = (await ledger.between(VERIFICATION, VERIFICATION_SCOPE, where)).find((record) => record.id === id)
    const mine = found?.body.node === node && found.body.startedAt === body.startedAt && isOpen(found.body)
    if (!found || !mine) throw new Superseded()
    return found
  }
}
