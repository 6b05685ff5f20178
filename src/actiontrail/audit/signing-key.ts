// The installation's Ed25519 key for the trail. The first start makes it; the root key seals its private key.
import { createPrivateKey } from 'node:crypto'
import { NONCE_BYTES } from '../../cryptography/xaes.ts'
import type { RootKeys } from '../../keystore/root-keys.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { INSTALLATION, insert, type Kind, type Recorded } from '../../ledger/record.ts'
import type { Randomness } from '../../runtime/runtime.ts'
import { TrailSigner } from './checkpoint.ts'

export interface SigningKeyBody {
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicKey: string
  /** Base64 of the sealed PKCS #8. */
  readonly sealedPrivateKey: string
}

export const SIGNING_KEY: Kind<SigningKeyBody> = { name: 'trail-signing-key', counted: false }
const ID = 'trail-signing-key'
const PLACE = [SIGNING_KEY.name]

type Random = Pick<Randomness, 'randomBytes' | 'ed25519Pair'>

/** The sealed value in the record of the signing key. */
export const sealedSigningKey = { kind: SIGNING_KEY, member: 'sealedPrivateKey', placeOf: () => PLACE } as const

/** The record of a new key, for a new installation. */
export function newSigningKey(keys: RootKeys, now: number, random: Random): Recorded<SigningKeyBody> {
  const { publicKey, privateKey } = random.ed25519Pair()
  const der = privateKey.export({ format: 'der', type: 'pkcs8' })
  const body = {
    publicKey: publicKey.export({ format: 'pem', type: 'spki' }) as string,
    sealedPrivateKey: keys.seal(PLACE, random.randomBytes(NONCE_BYTES), der).toString('base64'),
  }
  der.fill(0)
  return insert(SIGNING_KEY, { ...INSTALLATION, id: ID, createdAt: now, body }).after
}

/**
 * Opens the installation's signing key. Throws when it is missing or not authentic, and never makes another: earlier signatures would no
 * longer verify.
 */
export async function openTrailSigner(ledger: Pick<Ledger, 'get'>, keys: RootKeys): Promise<TrailSigner> {
  const record = await ledger.get(SIGNING_KEY, INSTALLATION, ID)
  if (!record) throw new Error('the signing key of the trail is missing from the database: restore a backup')
  const der = keys.open(PLACE, Buffer.from(record.body.sealedPrivateKey, 'base64'))
  if (!der) throw new Error('the signing key of the trail does not open under this root key')
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  return new TrailSigner(record.body.publicKey, privateKey)
}
