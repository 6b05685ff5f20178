// The root keys of a running program: opened once, watched while it runs, and changed by one guarded update of their record.
// A change by another process is taken over at the next look, or when a commit meets it; a server that can't follow it does not commit.
import { encodeRing, type Ring, wipeRing } from '../cryptography/ring.ts'
import type { RootKeyProvider } from '../keystore/root-key-provider.ts'
import { RootKeys } from '../keystore/root-keys.ts'
import { chaining } from '../ledger/chain.ts'
import { fromRow, isCurrent, toRow } from '../ledger/record.ts'
import { type Row, recordKey, type Storage, Unavailable } from '../storage/storage.ts'
import {
  type Candidate,
  type Installation,
  type InstallationBody,
  type OpenedInstallation,
  openInstallation,
  type RootState,
  readInstallation,
  rootStates,
  unverified,
} from './installation-record.ts'

/** What may open the ring of this record according to the settings, the likeliest first. An error says what to set. */
export type Candidates = (body: InstallationBody) => Promise<readonly Candidate[]>

/** A ring and its states, in place of the present ones. */
export interface RingChange {
  readonly ring: Ring
  readonly states: readonly RootState[]
}

interface RecordChange {
  readonly change?: (ring: Ring, states: readonly RootState[]) => RingChange | null
  readonly body?: Partial<InstallationBody>
  readonly provider?: RootKeyProvider | null
}

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

  /** Opens the ring of a row with the first candidate that fits. An error says what to change. */
  static async open(row: Row, storage: Storage, candidates: Candidates): Promise<LiveRing> {
    const { opened, provider } = await openWith(row, await candidates(unverified(row)))
    wipeRing(opened.ring)
    return new LiveRing(storage, candidates, opened, provider)
  }

  /** The installation's record as it was last seen. */
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
   * Takes over what has changed.
   * Throws Unavailable when the record can't be read now, or names root keys that this server can't open.
   */
  look(): Promise<void> {
    // A request that comes while a look is reading gets the next one, since the present one may have read an older record.
    this.#looking ??= this.#inTurn(() => {
      this.#looking = null
      return this.#look()
    })
    return this.#looking
  }

  /** One look, or one change, at a time. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => {})
    return mine
  }

  async #look(): Promise<void> {
    const row = await readInstallation(this.#storage)
    if (!row || row.revision < this.#record.revision)
      throw new Unavailable('the installation record went back to an older one, or is missing: restore the database')
    if (row.revision === this.#record.revision) return
    if (!this.#sameRing(row)) await this.#follow(row)
    this.#record = fromRow(row, this.keys)
  }

  /** Whether a row that changed still holds the ring in use: only its provider changed, or a root was retired. */
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

  /** Opens a row with the provider at hand, or else with what the settings name now. */
  async #openAgain(row: Row): Promise<{ opened: OpenedInstallation; provider: RootKeyProvider }> {
    if (unverified(row).ring) {
      const opened = await openInstallation(row, this.#provider, null)
      if (opened) return { opened, provider: this.#provider }
    }
    return openWith(row, await this.#candidates(unverified(row)))
  }

  /**
   * Changes the record unless it has changed since the last look; returns whether it did. `change` gets the ring and its states, and
   * returns others, or null to leave them; `body` replaces fields of the record; `provider` wraps the ring from now on.
   */
  change(changes: RecordChange): Promise<boolean> {
    return this.#inTurn(() => this.#change(changes))
  }

  async #change({ change = () => null, body = {}, provider = null }: RecordChange): Promise<boolean> {
    const row = await readInstallation(this.#storage)
    if (row?.revision !== this.#record.revision) return false
    const { opened, provider: present } = await this.#openAgain(row)
    const states = rootStates(this.#record)
    const changed = change(opened.ring, states)
    const next = changed?.ring ?? opened.ring
    const bytes = encodeRing(next)
    const keys = new RootKeys(next)
    try {
      // The provider that opens the record now; another process may have changed it since this program started.
      const wrapping = provider ?? present
      const wrapped = Buffer.from(await wrapping.wrap(bytes)).toString('base64')
      const ring = { wrapped, generation: next.generation, roots: changed?.states ?? states }
      const { revision } = this.#record
      const after = { ...this.#record, revision: revision + 1, body: { ...this.#record.body, ...body, ring } }
      const update = { change: 'update', row: toRow(after, keys), from: revision } as const
      // The former wrapped ring must leave no trace on disk.
      const commit = { changes: [update], nonce: null, event: null, scrub: true }
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
