// The witness: the last signed checkpoint of the trail, kept outside the database. When a lane of the trail ends before the witness, or
// does not contain it, the trail was cut, or the database was restored from an older copy.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Checkpoint,
  checkpointMatches,
  headsOf,
  publicKeyOf,
  type TrailSigner,
} from '../actiontrail/audit/checkpoint.ts'
import { isoSeconds } from '../api/time.ts'
import { headIn, named } from '../ledger/chain.ts'
import { floorsNow } from '../ledger/floor.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { TrailWitness } from '../ledger/trail-head.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { placeFile } from '../runtime/whole-file.ts'
import { eventsUpTo, type Heads } from '../storage/lane.ts'

export const WITNESS_FILE = 'audit-witness.json'

/** The most time that a write of the witness may take. Replies wait for it, so a data folder that hangs must not delay them for longer. */
const PATIENCE_MS = 5000

/** The trail contradicts the witness. Trail and witness are both evidence then, and stay as they are. */
export class Contradicted extends Error {}

type Reads = Pick<Ledger, 'between' | 'heads' | 'events'>

/** A checkpoint, and the `seq` of the last checkpoint stored in the database. Files of earlier releases lack `stored`. */
export type Witnessed = Checkpoint & { readonly stored?: number }

/**
 * The checkpoint in the file of a data folder, or null where there is no file. Throws when the file can't be read, or the trail's key did
 * not sign it.
 */
export function readWitness(data: string, publicKey: string): Witnessed | null {
  return readWitnessFile(join(data, WITNESS_FILE), publicKey)
}

/** As readWitness, for a file by its path. */
export function readWitnessFile(path: string, publicKey: string): Witnessed | null {
  try {
    return witnessIn(readFileSync(path, 'utf8'), path, publicKey)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function witnessIn(text: string, path: string, publicKey: string): Witnessed {
  const damaged = new Error(
    `\`${path}\` is damaged, or was written for another trail, or the trail's key was exchanged: compare the database with an export or a delivered copy, and restore what is wrong from a backup`,
  )
  try {
    const witnessed = JSON.parse(text) as Witnessed
    if (checkpointMatches(witnessed, publicKeyOf(publicKey))) return witnessed
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
  }
  throw damaged
}

/** Removes unfinished files of the witness, which a crash may leave. */
export function removeUnfinished(data: string): void {
  for (const name of readdirSync(data))
    if (name.startsWith(WITNESS_FILE) && name.endsWith('.new')) rmSync(join(data, name), { force: true })
}

/** A warning about a trail that has events and no witness; otherwise null. Such a trail may be an older copy. */
export async function unwitnessed(witness: Witnessed | null, data: string, ledger: Reads): Promise<string | null> {
  const events = eventsUpTo(await ledger.heads())
  if (witness || events === 0) return null
  return `the trail has ${events} events, and \`${join(data, WITNESS_FILE)}\` is missing: nobody can tell whether its end was cut, or the database was restored from an older copy. This is normal for a new data folder on a database with a history; otherwise compare it with an export, a delivered copy, or the witness of another server`
}

/**
 * Keeps the witness in a data folder. Writes happen one at a time, and each is on disk when it resolves. Another process may write the same
 * file.
 */
export class Witness implements TrailWitness {
  readonly #data: string
  readonly #rooms: { readonly ledger: Reads; readonly trailSigner: TrailSigner; readonly runtime: Runtime }
  #last: Witnessed | null
  readonly #patienceMs: number
  #turn: Promise<unknown> = Promise.resolve()
  /** Whether a write has exceeded its time and has not ended. */
  #overdue = false

  constructor(
    data: string,
    last: Witnessed | null,
    rooms: { readonly ledger: Reads; readonly trailSigner: TrailSigner; readonly runtime: Runtime },
    patienceMs = PATIENCE_MS,
  ) {
    this.#data = data
    this.#last = last
    this.#rooms = rooms
    this.#patienceMs = patienceMs
  }

  saw(heads: Heads): Promise<void> {
    return this.renew(this.#rooms.trailSigner.checkpoint(heads, this.#rooms.runtime.now()))
  }

  /**
   * Replaces the witness by a later checkpoint. Rejects with Contradicted, and keeps the file, when the trail contradicts the witness.
   * `stored`: see Witnessed.
   */
  renew(later: Checkpoint, stored?: number): Promise<void> {
    return this.#inTurn(async () => {
      const last = this.#last
      const witnessed = { ...later, ...withStored(stored ?? last?.stored) }
      if (last && sameHeads(last, witnessed) && last.stored === witnessed.stored) return
      // The heads of `later` may have been read before the last witness was written: then they are older, and prove nothing about it.
      const end = last && later.seq >= last.seq ? headsOf(later) : undefined
      const why = last && (await contradiction(last, this.#rooms.ledger, end))
      if (why) throw new Contradicted(`the witness of the trail is kept as it is: ${why}`)
      if (!last || last.seq <= witnessed.seq) await this.#write(witnessed)
    })
  }

  rewound(heads: Heads): Promise<void> {
    return this.#inTurn(async () => {
      const last = this.#last
      const { trailSigner, runtime } = this.#rooms
      const seen = trailSigner.checkpoint(last ? latest(headsOf(last), heads) : heads, runtime.now())
      if (!last || last.seq < seen.seq) await this.#write({ ...seen, ...withStored(last?.stored) })
    })
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => {})
    return mine
  }

  /** Rejects when the write exceeds its time, and at once while such a write has not ended. */
  async #write(witnessed: Witnessed): Promise<void> {
    const late = new Error(`\`${this.#data}\` has not taken it for ${this.#patienceMs / 1000} seconds`)
    if (this.#overdue) throw late
    const { promise: tooLate, reject } = Promise.withResolvers<never>()
    const cancel = this.#rooms.runtime.after(this.#patienceMs, () => {
      this.#overdue = true
      reject(late)
    })
    const writing = this.#replace(witnessed).finally(() => {
      cancel()
      this.#overdue = false
    })
    return Promise.race([writing, tooLate])
  }

  /** Looks at the file right before replacing it, and again afterwards, because another process may replace it at the same time. */
  async #replace(witnessed: Witnessed): Promise<void> {
    let later: Witnessed | null
    do later = await writeWitness(this.#data, witnessed, () => this.#laterPresent(witnessed))
    while (!later && seqIn(await this.#present()) < witnessed.seq)
    this.#last = later ?? witnessed
  }

  /** The witness that another process wrote, when it is later than this one; otherwise null. */
  async #laterPresent({ seq }: Witnessed): Promise<Witnessed | null> {
    const text = await this.#present()
    // Verifies the signature only of a later witness: another process rarely writes.
    if (text === null || seqIn(text) <= seq) return null
    const present = witnessIn(text, join(this.#data, WITNESS_FILE), this.#rooms.trailSigner.publicKey)
    return present.seq > seq ? present : null
  }

  /** The text of the file; null where there is none. */
  #present(): Promise<string | null> {
    return readFile(join(this.#data, WITNESS_FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
  }
}

/** The later head of each lane. */
function latest(some: Heads, others: Heads): Heads {
  return Array.from({ length: Math.max(some.length, others.length) }, (_, lane) => {
    const [a, b] = [headIn(some, lane), headIn(others, lane)]
    return a.seq >= b.seq ? a : b
  })
}

function sameHeads(a: Checkpoint, b: Checkpoint): boolean {
  const [heads, others] = [headsOf(a), headsOf(b)]
  return (
    heads.length === others.length &&
    heads.every(({ seq, hash }, i) => seq === others[i]?.seq && hash === others[i].hash)
  )
}

/** The `seq` in the text of a witness: -1 without a text, infinite in a damaged text. */
function seqIn(text: string | null): number {
  return text === null ? -1 : Number(/^\{"seq":(\d+),/.exec(text)?.[1] ?? Number.POSITIVE_INFINITY)
}

function withStored(stored: number | undefined): Pick<Witnessed, 'stored'> {
  return stored === undefined ? {} : { stored }
}

/** Replaces the file in one step; it is on disk when this resolves. When `later` finds a witness, returns that one and keeps the file. */
export async function writeWitness(
  data: string,
  witnessed: Witnessed,
  later: () => Promise<Witnessed | null> = async () => null,
): Promise<Witnessed | null> {
  const path = join(data, WITNESS_FILE)
  let found: Witnessed | null = null
  await placeFile(path, `${JSON.stringify(witnessed)}\n`, async (written) => {
    found = await later()
    if (!found) await rename(written, path)
  })
  return found
}

/** Why the trail in the database, whose heads are `end`, contradicts the witness; null when it does not. */
export async function contradiction(witness: Checkpoint, ledger: Reads, end?: Heads): Promise<string | null> {
  const [heads, floors] = [end ?? (await ledger.heads()), await floorsNow(ledger)]
  const early = endsBefore(witness, heads)
  if (early) return early
  const seen = headsOf(witness)
  const left = seen.filter(({ seq }, lane) => seq > headIn(floors, lane).seq)
  const rows = new Map((await ledger.events.at(left.map(({ seq }) => seq))).map(({ seq, hash }) => [seq, hash]))
  const changed = left.find(({ seq, hash }) => rows.get(seq) !== hash)
  return changed ? `event ${named(changed.seq)} of the trail is not what it was: ${saw(changed.seq, witness)}` : null
}

/** Why a trail with these heads ends before the witness; null when it does not. */
export function endsBefore(witness: Checkpoint, heads: Heads): string | null {
  for (const [lane, { seq }] of headsOf(witness).entries()) {
    const head = heads[lane]
    if (!head) return `lane ${lane} of the trail is missing, and ${saw(seq, witness)}`
    if (head.seq < seq) return `the trail ends at event ${named(head.seq)}, and ${saw(seq, witness)}`
  }
  return null
}

function saw(seq: number, { at }: Checkpoint): string {
  return `this server saw its event ${named(seq)} on ${isoSeconds(at)}`
}
