// The installation's record: where its root keys come from, and their ring, wrapped by that provider. It is authenticated under
// the current root of the very ring that it holds, so it says nothing to who can't unwrap it, and nobody else can write it.
import { decodeRing, type Ring, wipeRing } from '../cryptography/ring.ts'
import { ringOfOne } from '../cryptography/seal.ts'
import type { ProviderName, RootKeyProvider } from '../keystore/root-key-provider.ts'
import { RootKeys } from '../keystore/root-keys.ts'
import { Forged, fromRow, INSTALLATION, isCurrent, type Kind, type Recorded } from '../ledger/record.ts'
import type { Row, Storage } from '../storage/storage.ts'

/** What is told in the open of a root; the order is that of the ring. Times are milliseconds since 1970. */
export interface RootState {
  readonly since: number
  /** It was announced, so that every server opens what is sealed under it, and will be the current one. */
  readonly coming?: true
  /** When nothing was left under it; null before. */
  readonly retiredAt: number | null
}

export interface RingState {
  /** Base64 of the ring, wrapped by the provider. */
  readonly wrapped: string
  /** The same as within the wrapped ring. */
  readonly generation: number
  readonly roots: readonly RootState[]
}

export interface InstallationBody {
  readonly rootKey: ProviderName
  /** Base64 of the passphrase's salt. */
  readonly salt: string | null
  /** Present when it is a store of `serve --dev`, for good. */
  readonly dev?: true
  /** Absent in databases from before there were rings: the provider's key is their only root. */
  readonly ring?: RingState
  /** Tells the key file (keyCheck) that the last change of the provider made useless, so that it is removed; null for none. */
  readonly formerKeyFile?: string | null
  /** The account that was made first; null before there was one. Absent in databases from before this was written down. */
  readonly firstAccount?: string | null
  /** How often the operator has changed AccessKeys: see LiveRing.look. Absent for never. */
  readonly accessKeyChanges?: number
  /** Every role was written with the ids of whom it trusts, or given them later. Absent in databases from before that. */
  readonly trustBound?: true
}

export type Installation = Recorded<InstallationBody>

const INSTALLATION_KIND: Kind<InstallationBody> = { name: 'installation', counted: false }
const INSTALLATION_ID = 'installation'

/** A new record of a database that is set up now. */
export function newInstallation(body: InstallationBody, createdAt: number): Installation {
  const place = { kind: INSTALLATION_KIND.name, ...INSTALLATION, id: INSTALLATION_ID }
  return { ...place, parent: null, createdAt, dueAt: null, revision: 1, body }
}

/** The record's row, or null in an empty database. */
export function readInstallation(storage: Pick<Storage, 'get'>): Promise<Row | null> {
  return storage.get(INSTALLATION_KIND.name, INSTALLATION.account, INSTALLATION.region, INSTALLATION_ID)
}

/** What a row says before anybody could tell whether it is authentic. Throws when it can't be read. */
export function unverified(row: Row): InstallationBody {
  try {
    return JSON.parse(row.body) as InstallationBody
  } catch {
    throw altered()
  }
}

/** What may open the ring: a provider; with the root itself where the database may be from before there were rings. */
export interface Candidate {
  readonly provider: RootKeyProvider
  /** null for a provider that can't hand a key out. */
  readonly soleRoot: Uint8Array | null
  /** Finishes a change of the provider that a crash interrupted, now that it is known which one fits. */
  settle(): void
}

/** An authentic record and its ring; who asked for them wipes the ring, and the keys unless he keeps them. */
export interface OpenedInstallation {
  readonly record: Installation
  readonly ring: Ring
  readonly keys: RootKeys
}

/** The authentic record and its ring, or null when this provider does not open it. Throws when the record was altered. */
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

/** Of a record that can't be what was written. */
export function altered(): Error {
  return new Error(
    'the installation record, which holds the wrapped root keys, is damaged or was altered: restore the database from its backup',
  )
}

/** The roots' states; of a database without a ring, the only one's. */
export function rootStates({ body, createdAt }: Installation): readonly RootState[] {
  return body.ring?.roots ?? [{ since: createdAt, retiredAt: null }]
}
