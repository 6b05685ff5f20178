// The installation record: the provider of the root keys, and their ring, wrapped by that provider. The current root of the ring authenticates the
// record, so only a process that can unwrap the ring can verify or write it.
import { decodeRing, type Ring, wipeRing } from '../cryptography/ring.ts'
import { ringOfOne } from '../cryptography/seal.ts'
import type { ProviderName, RootKeyProvider } from '../keystore/root-key-provider.ts'
import { RootKeys } from '../keystore/root-keys.ts'
import { Forged, fromRow, INSTALLATION, insert, isCurrent, type Kind, type Recorded } from '../ledger/record.ts'
import type { Row, Storage } from '../storage/storage.ts'

/** The plaintext state of a root, in the order of the ring. Times are milliseconds since 1970. */
export interface RootState {
  readonly since: number
  /** Present while the root is announced: every server opens values sealed under it, and it will become the current root. */
  readonly coming?: true
  /** Since when no stored record needs it; null before. */
  readonly retiredAt: number | null
}

interface RingState {
  /** Base64 of the ring, wrapped by the provider. */
  readonly wrapped: string
  /** The same number as inside the wrapped ring. */
  readonly generation: number
  readonly roots: readonly RootState[]
}

/** An event about the root keys that not every account has yet (due-events.ts). */
export interface DueEvent {
  readonly name: 'RotateRootKey' | 'DropRetiredRootKeys' | 'ChangeRootKeyProvider'
  /** When the root keys changed, in milliseconds since 1970. */
  readonly at: number
  readonly region: string
  /** The accounts up to this id have the event; '' for none. */
  readonly recordedUpTo: string
}

/** The time and the region of an event. */
export type Occurrence = Pick<DueEvent, 'at' | 'region'>

export interface InstallationBody {
  readonly rootKey: ProviderName
  /** Base64 of the passphrase's salt. */
  readonly salt: string | null
  /** Present, forever, in a store of `serve --dev`. */
  readonly dev?: true
  /** Absent in databases of releases without rings; the provider's key is then the only root. */
  readonly ring?: RingState
  /** Identifies (keyCheck) the key file that the last change of the provider replaced, so that it can be removed; null for none. */
  readonly formerKeyFile?: string | null
  /** The account that was created first; null before there is one. Absent in databases of releases without this member. */
  readonly firstAccount?: string | null
  /** The oldest first. Absent if no event has ever been due. */
  readonly dueEvents?: readonly DueEvent[]
}

export type Installation = Recorded<InstallationBody>

export const INSTALLATION_KIND: Kind<InstallationBody> = { name: 'installation', counted: false }
const INSTALLATION_ID = 'installation'

/** The record of a new database. */
export function newInstallation(body: InstallationBody, createdAt: number): Installation {
  return insert(INSTALLATION_KIND, { ...INSTALLATION, id: INSTALLATION_ID, createdAt, body }).after
}

/** The record's row, or null in an empty database. */
export function readInstallation(storage: Pick<Storage, 'get'>): Promise<Row | null> {
  return storage.get(INSTALLATION_KIND.name, INSTALLATION.account, INSTALLATION.region, INSTALLATION_ID)
}

/** The body of a row that is not verified yet. Throws when it is not JSON. */
export function unverified(row: Row): InstallationBody {
  try {
    return JSON.parse(row.body) as InstallationBody
  } catch {
    throw altered()
  }
}

/** A candidate for opening the ring: a provider, with its key as the root in case the database has no ring yet. */
export interface Candidate {
  readonly provider: RootKeyProvider
  /** null for a provider that does not reveal its key. */
  readonly soleRoot: Uint8Array | null
  /** Finishes a change of the provider that a crash interrupted, once this candidate has opened the ring. */
  settle(): void
}

/** An authenticated record and its ring. The caller wipes the ring, and the keys unless it keeps them. */
export interface OpenedInstallation {
  readonly record: Installation
  readonly ring: Ring
  readonly keys: RootKeys
}

/** Returns the authenticated record and its ring; null when this provider does not unwrap the ring. Throws when the record was altered. */
export async function openInstallation(
  row: Row,
  provider: RootKeyProvider,
  soleRoot: Uint8Array | null,
): Promise<OpenedInstallation | null> {
  const { ring: state } = unverified(row)
  const bytes = state && (await provider.unwrap(Buffer.from(state.wrapped, 'base64')))
  if (state ? !bytes : !soleRoot) return null
  const ring = bytes ? decodeRing(bytes) : soleRoot && ringOfOne(Buffer.from(soleRoot))
  if (!ring) throw altered()
  const keys = new RootKeys(ring)
  try {
    if (!isCurrent(row, keys)) throw new Forged()
    const record = fromRow<InstallationBody>(row, keys)
    if (state && state.generation !== ring.generation) throw altered()
    if (state && state.roots.length !== ring.roots.length) throw altered()
    return { record, ring, keys }
  } catch (error) {
    wipeRing(ring)
    keys.wipe()
    if (!(error instanceof Forged)) throw error
    if (state) throw altered()
    return null
  }
}

/** The error for a record that no server has written in this form. */
export function altered(): Error {
  return new Error(
    'the installation record, which holds the wrapped root keys, is damaged or was altered: restore the database from its backup',
  )
}

/** The states of the roots; for a database without a ring, the state of its only root. */
export function rootStates({ body, createdAt }: Installation): readonly RootState[] {
  return body.ring?.roots ?? [{ since: createdAt, retiredAt: null }]
}
