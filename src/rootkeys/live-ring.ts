// The root keys of a running program: opened at the start, watched while it runs, and changed by one guarded update of their record. `look` adopts
// a change by another process; it runs every second, and when a commit finds that the record has changed. A server that can't open the new ring does
// not commit.
import { encodeRing, type Ring, wipeRing } from '../cryptography/ring.ts'
import type { RootKeyProvider } from '../keystore/root-key-provider.ts'
import { RootKeys } from '../keystore/root-keys.ts'
import { chaining } from '../ledger/chain.ts'
import { formerRow, fromRow, isCurrent, isOfRow, toRow, update } from '../ledger/record.ts'
import { type Row, recordKey, type Storage, Unavailable } from '../storage/storage.ts'
import {
  type Candidate,
  type DueEvent,
  type Installation,
  type InstallationBody,
  type OpenedInstallation,
  openInstallation,
  type RootState,
  readInstallation,
  rootStates,
  unverified,
} from './installation-record.ts'

/** Returns the candidates for opening the ring of this record according to the settings, the most likely first. An error says what to set. */
type Candidates = (body: InstallationBody) => Promise<readonly Candidate[]>

/** A new ring and its states. */
interface RingChange {
  readonly ring: Ring
  readonly states: readonly RootState[]
}

export type RingStep = (ring: Ring, states: readonly RootState[]) => RingChange | null

interface RecordChange {
  readonly change?: RingStep
  readonly body?: Partial<InstallationBody>
  readonly provider?: RootKeyProvider | null
  /** The event about this change. */
  readonly event?: Omit<DueEvent, 'recordedUpTo'>
}

const kept: RingStep = (ring, states) => ({ ring, states })

export class LiveRing {
  readonly keys: RootKeys
  readonly #storage: Storage
  readonly #candidates: Candidates
  #record: Installation
  #provider: RootKeyProvider
  #looking: Promise<void> | null = null
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(storage: Storage, candidates: Candidates, opened: OpenedInstallation, provider: RootKeyProvider) {
    this.#storage = storage
    this.#candidates = candidates
    this.#record = opened.record
    this.#provider = provider
    this.keys = opened.keys
  }

  /** Opens the ring of a row with the first matching candidate. An error says what to change. */
  static async open(row: Row, storage: Storage, candidates: Candidates): Promise<LiveRing> {
    const { opened, provider } = await openWith(row, await candidates(unverified(row)))
    wipeRing(opened.ring)
    return new LiveRing(storage, candidates, opened, provider)
  }

  /** The installation record as last read. */
  get record(): Installation {
    return this.#record
  }

  get provider(): RootKeyProvider {
    return this.#provider
  }

  /** The key (recordKey) of the record. */
  get key(): string {
    const { kind, account, region, id } = this.#record
    return recordKey(kind, account, region, id)
  }

  /**
   * Reads the record and adopts its changes. Throws Unavailable when the record can't be read at present, or has root keys that this server can't
   * open.
   */
  look(): Promise<void> {
    // A look that is already reading may read an older record. So a request that arrives meanwhile gets the next look.
    this.#looking ??= this.#inTurn(() => {
      this.#looking = null
      return this.#look()
    })
    return this.#looking
  }

  /** Runs looks and changes one at a time. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => {})
    return mine
  }

  async #look(): Promise<void> {
    const row = await readInstallation(this.#storage)
    if (row && isOfRow(this.#record, row)) return
    // After a restore of an older database, another process may have changed the record up to the revision that this server knows.
    if (!row || row.revision <= this.#record.revision)
      throw new Unavailable(
        'the installation record is missing, or is neither the one that this server knows nor a newer one: if you restored the database, restart the server; if not, restore the database',
      )
    if (!this.#sameRing(row)) await this.#follow(row)
    this.#record = fromRow(row, this.keys)
  }

  /** Whether a changed row still contains the ring in use, because only the provider changed or a root was retired. */
  #sameRing(row: Row): boolean {
    return isCurrent(row, this.keys) && (unverified(row).ring?.generation ?? 0) === this.#generation
  }

  get #generation(): number {
    return this.#record.body.ring?.generation ?? 0
  }

  async #follow(row: Row): Promise<void> {
    const { opened, provider } = await this.#openAgain(row).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new Unavailable(`the root key was rotated, and this server can't open the new one: ${why}`, { cause })
    })
    opened.keys.wipe()
    if (opened.ring.generation <= this.#generation) {
      wipeRing(opened.ring)
      throw new Unavailable('the installation record holds older root keys than are in use: restore the database')
    }
    this.keys.replace(opened.ring)
    wipeRing(opened.ring)
    this.#provider = provider
  }

  /** Opens a row with the present provider, or else with the candidates of the settings. */
  async #openAgain(row: Row): Promise<{ opened: OpenedInstallation; provider: RootKeyProvider }> {
    if (unverified(row).ring) {
      const opened = await openInstallation(row, this.#provider, null)
      if (opened) return { opened, provider: this.#provider }
    }
    return openWith(row, await this.#candidates(unverified(row)))
  }

  /**
   * Changes the record. Returns false, and changes nothing, when the record has changed since the last look, or when `change` returns null. `change`
   * takes the ring and its states and returns new ones. It must check that the states are those that it was decided on: another look may have come
   * in between. `body` replaces members of the record. `provider` wraps the ring from now on. `event` becomes due: see recordDueEvents.
   */
  change(changes: RecordChange): Promise<boolean> {
    return this.#inTurn(() => this.#change(changes))
  }

  async #change({ change = kept, body = {}, provider = null, event }: RecordChange): Promise<boolean> {
    const row = await readInstallation(this.#storage)
    if (!row || !isOfRow(this.#record, row)) return false
    const { opened, provider: present } = await this.#openAgain(row)
    const states = rootStates(this.#record)
    const changed = change(opened.ring, states)
    const next = changed?.ring ?? opened.ring
    const bytes = encodeRing(next)
    const keys = new RootKeys(next)
    try {
      if (!changed) return false
      // `present` opened the record just now. It may differ from the provider at the start, because another process may have changed it.
      const wrapping = provider ?? present
      const wrapped = Buffer.from(await wrapping.wrap(bytes)).toString('base64')
      const ring = { wrapped, generation: next.generation, roots: changed.states }
      const before = this.#record
      const due = event && { dueEvents: [...(before.body.dueEvents ?? []), { ...event, recordedUpTo: '' }] }
      const { after } = update(before, { body: { ...before.body, ...body, ...due, ring } })
      const stored = { change: 'update', row: toRow(after, keys), before: formerRow(before) } as const
      // The former wrapped ring must not remain on disk.
      const commit = { changes: [stored], nonce: null, event: null, scrub: true }
      const { outcomes } = await this.#storage.commit([commit], chaining(keys), null)
      if (outcomes[0] !== 'committed') return false
      if (next.generation !== this.#generation) this.keys.replace(next)
      this.#record = after
      this.#provider = wrapping
      await this.#storage.scrubbed()
      return true
    } finally {
      bytes.fill(0)
      keys.wipe()
      opened.keys.wipe()
      wipeRing(next)
      wipeRing(opened.ring)
    }
  }
}

async function openWith(
  row: Row,
  candidates: readonly Candidate[],
): Promise<{ opened: OpenedInstallation; provider: RootKeyProvider }> {
  try {
    for (const { provider, soleRoot, settle } of candidates) {
      const opened = await openInstallation(row, provider, soleRoot)
      if (!opened) continue
      settle()
      return { opened, provider }
    }
    throw new Error(
      `the ${candidates[0]?.provider.title} does not open this database: start with the one that the database currently uses`,
    )
  } finally {
    for (const { soleRoot } of candidates) soleRoot?.fill(0)
  }
}
