// Delivers each trail's events at least once and, within a lane, in order. The boundaries of a batch are committed before its first object
// is written, so that a server that takes over after a crash writes the same objects again. A lease lets one server at a time deliver a
// batch.
import { hash } from 'node:crypto'
import type { Alarm } from '../../ledger/alarm.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { update } from '../../ledger/record.ts'
import type { Runtime } from '../../runtime/runtime.ts'
import type { TrailSigner } from '../audit/checkpoint.ts'
import { trailsOf } from '../trails/find-trail.ts'
import { advanced, dueFrom, type PendingBatch, TRAIL, type Trail, type TrailBody } from '../trails/trail.ts'
import { BATCH_LIMITS, collect, type Limits, lagSeconds, NO_LIMITS, objectsOf } from './batch.ts'
import { digestOf, signedDigest } from './digest.ts'
import { LONGEST_PAUSE_MS, nextStep, retryPauseMs } from './plan.ts'
import { type DeliveryTarget, TargetFault } from './targets/target.ts'

/** How many trails deliver at the same time. */
const AT_ONCE = 4
/** How long a server may hold a batch without renewing its lease. */
const LEASE_MS = 60_000
/** The timeout of writing one object. */
const PUT_MS = 30_000
const MOST_DUE = 1000
/** How often all trails are looked at, and not only those that are due. */
const LOOK_MS = 60_000

interface DeliveryHouse {
  readonly ledger: Pick<Ledger, 'between' | 'due' | 'commit' | 'events' | 'heads' | 'turn'>
  readonly deliveryTarget: DeliveryTarget
  readonly trailSigner: TrailSigner
  /** The unique name of this server. Where only one server can run, the name survives a restart. */
  readonly node: string
  readonly intervalMs: number
  readonly limits?: Limits
  now(): number
  readonly runtime: Pick<Runtime, 'random' | 'after'>
  readonly failed: Alarm
}

/** The age of the oldest event that a trail has yet to deliver. */
interface Lag {
  readonly account: string
  readonly trail: string
  readonly seconds: number
}

type Batch = PendingBatch & { readonly chain: string }

export class Delivery {
  readonly #house: DeliveryHouse
  readonly #busy = new Map<string, Promise<void>>()
  readonly #stopping = new AbortController()
  #accepting = true
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(house: DeliveryHouse) {
    this.#house = house
  }

  /** Starts work on due trails, up to AT_ONCE, and does not wait for it. Throws when the database can't be reached. */
  async tick(): Promise<void> {
    for (const trail of await this.#due()) {
      const key = `${trail.account}/${trail.id}`
      if (!this.#accepting || this.#busy.size >= AT_ONCE) return
      if (this.#busy.has(key)) continue
      const work = this.#work(trail).finally(() => this.#busy.delete(key))
      this.#busy.set(key, work)
    }
  }

  /**
   * The trails that are due. Once a minute also those that are due later than any wait lasts: a server whose clock was ahead has set that
   * time.
   */
  async #due(): Promise<readonly Trail[]> {
    const { ledger, intervalMs } = this.#house
    const now = this.#house.now()
    if (Math.abs(now - this.#lookedAt) < LOOK_MS) return ledger.due(TRAIL, now, MOST_DUE)
    this.#lookedAt = now
    const latest = now + Math.max(LONGEST_PAUSE_MS, 2 * intervalMs)
    const all = await ledger.due(TRAIL, Number.MAX_SAFE_INTEGER, MOST_DUE)
    return all.filter(({ dueAt }) => dueAt !== null && (dueAt <= now || dueAt > latest))
  }

  /** Waits for the work in progress. */
  async settle(): Promise<void> {
    await Promise.all(this.#busy.values())
  }

  /** Starts no more work and aborts the work in progress after `graceMs`; the next start, or another server, resumes it. */
  async stop(graceMs: number): Promise<void> {
    this.#accepting = false
    const cancel = this.#house.runtime.after(graceMs, () => this.#stopping.abort())
    await this.settle()
    cancel()
  }

  /** The lag of each trail that has events to deliver, or is logging. Throws when the database can't be reached. */
  async lags(): Promise<readonly Lag[]> {
    const { ledger, now } = this.#house
    const [heads, trails] = [await ledger.heads(), await ledger.due(TRAIL, Number.MAX_SAFE_INTEGER, MOST_DUE)]
    const lags: Lag[] = []
    for (const trail of trails) {
      const seconds = await lagSeconds(trail, ledger, heads, now())
      lags.push({ account: trail.account, trail: trail.id, seconds })
    }
    return lags
  }

  /** Takes steps on a trail until it has to wait. Never rejects. */
  async #work(first: Trail): Promise<void> {
    try {
      for (let trail: Trail | null = first; trail !== null && this.#accepting; ) trail = await this.#step(trail)
    } catch (error) {
      this.#house.failed(`the delivery of trail ${first.account}/${first.id} failed, and will be tried again`, error)
    }
  }

  /** Takes one step. Returns the trail when the next step may follow at once, otherwise null. */
  async #step(trail: Trail): Promise<Trail | null> {
    const { ledger, node, now, intervalMs, limits = BATCH_LIMITS } = this.#house
    const heads = await ledger.heads()
    const step = await nextStep(trail, { heads, now: now(), node, intervalMs, limits, trailing: ledger })
    if (step.do === 'wait') {
      if (step.body) await this.#commit(trail, step.body, step.dueAt)
      return null
    }
    if (step.do === 'advance') return this.#commit(trail, step.body, dueFrom(step.body, now()))
    const lease = { node, until: now() + LEASE_MS }
    const body = { ...step.body, delivery: { ...step.body.delivery, pending: step.batch, lease } }
    // The trail stays due: after a crash, this server still holds the lease and resumes at once.
    const held = await this.#commit(trail, body, now())
    return held && this.#deliver(held, step.batch)
  }

  /** Writes a batch that this server holds, and commits the outcome. */
  async #deliver(held: Trail, pending: PendingBatch): Promise<Trail | null> {
    const batch = { ...pending, chain: held.body.delivery.chain }
    try {
      const digest = await this.#write(held, batch)
      const delivered = {
        pending: null,
        lease: null,
        digest,
        failures: 0,
        deliveredAt: this.#house.now(),
        bucketOk: true,
      }
      return await this.#settleBatch(held, batch, (body) => {
        const after = advanced(body, batch.to, delivered)
        return { body: after, dueAt: dueFrom(after, this.#house.now()) }
      })
    } catch (error) {
      if (this.#stopping.signal.aborted) await this.#handBack(held, batch)
      else if (error instanceof TargetFault) await this.#noteFailure(held, batch, error)
      else throw error
      return null
    }
  }

  /** Writes the objects, then their digest. Throws TargetFault. */
  async #write(held: Trail, batch: Batch): Promise<NonNullable<TrailBody['delivery']['digest']>> {
    const { ledger, trailSigner } = this.#house
    const { account, body } = held
    const { events, missing } = await collect(ledger, batch, { account, ...batch }, NO_LIMITS)
    const objects = await objectsOf(events, body.ossKeyPrefix)
    const digest = digestOf(held, batch, missing, objects, trailSigner)
    const file = Buffer.from(signedDigest(digest, trailSigner), 'utf8')
    let renewed = held
    for (const { key, bytes } of [...objects, { key: digest.name, bytes: file }]) {
      renewed = await this.#renewed(renewed, batch)
      await this.#put(account, body.ossBucketName, key, bytes)
    }
    return { number: digest.number, name: digest.name, sha256: hash('sha256', file, 'hex') }
  }

  /** Writes one object. Gives up after the timeout even if the target ignores the signal. */
  async #put(account: string, bucket: string, key: string, bytes: Uint8Array): Promise<void> {
    const late = new AbortController()
    const cancel = this.#house.runtime.after(PUT_MS, () => late.abort())
    const signal = AbortSignal.any([this.#stopping.signal, late.signal])
    const { promise: tooLong, reject } = Promise.withResolvers<never>()
    const give = () => reject(new TargetFault('unreachable', 'Timeout'))
    signal.addEventListener('abort', give, { once: true })
    if (signal.aborted) give()
    try {
      await Promise.race([this.#house.deliveryTarget.put(account, bucket, key, bytes, signal), tooLong])
    } finally {
      signal.removeEventListener('abort', give)
      cancel()
    }
  }

  /** Renews the lease when half of it has passed. */
  async #renewed(held: Trail, batch: Batch): Promise<Trail> {
    const now = this.#house.now()
    if ((held.body.delivery.lease?.until ?? 0) - now > LEASE_MS / 2) return held
    const lease = { node: this.#house.node, until: now + LEASE_MS }
    const renewed = await this.#settleBatch(held, batch, (body) => {
      return { body: { ...body, delivery: { ...body.delivery, lease } }, dueAt: now }
    })
    return renewed ?? held
  }

  async #noteFailure(held: Trail, batch: Batch, fault: TargetFault): Promise<void> {
    const { now, runtime, failed } = this.#house
    failed(`trail ${held.account}/${held.id} could not deliver, and will try again`, fault)
    await this.#settleBatch(held, batch, (body) => {
      const failures = body.delivery.failures + 1
      const delivery = { ...body.delivery, failures, lease: null, error: fault.message, bucketOk: false }
      return { body: { ...body, delivery }, dueAt: now() + retryPauseMs(failures, runtime.random()) }
    })
  }

  /** Releases the lease, so that another server, or the next start, takes the batch at once. */
  async #handBack(held: Trail, batch: Batch): Promise<void> {
    const { now } = this.#house
    await this.#settleBatch(held, batch, (body) => {
      return { body: { ...body, delivery: { ...body.delivery, lease: null } }, dueAt: now() }
    })
  }

  /** Commits a change of the trail while this server holds the batch. Returns null when it no longer does. */
  async #settleBatch(
    held: Trail,
    batch: Batch,
    change: (body: TrailBody) => { body: TrailBody; dueAt: number | null },
  ): Promise<Trail | null> {
    for (;;) {
      const trail = (await trailsOf(this.#house.ledger, held.account)).find(({ id }) => id === held.id)
      const delivery = trail?.body.delivery
      if (!trail || delivery?.chain !== batch.chain || delivery.lease?.node !== this.#house.node) return null
      if (delivery.pending?.from !== batch.from || delivery.pending.to !== batch.to) return null
      const { body, dueAt } = change(trail.body)
      const changed = await this.#commit(trail, body, dueAt)
      if (changed) return changed
    }
  }

  /** Commits a new body of the trail. Returns the committed trail; null when another change came first. */
  async #commit(trail: Trail, body: TrailBody, dueAt: number | null): Promise<Trail | null> {
    const change = update(trail, { body, dueAt })
    const outcome = await this.#house.ledger.commit({ changes: [change], nonce: null, event: null })
    return outcome === 'committed' ? change.after : null
  }
}
