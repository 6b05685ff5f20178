// Digests: signed lists of the objects of each delivered batch. Each digest names the one before it. The signature covers the digest's
// JSON, with its members in the order of `digestOf` (docs/reference/trail-formats.md).
import { createPublicKey, hash } from 'node:crypto'
import { isoSeconds } from '../../api/time.ts'
import { signatureMatches, type TrailSigner } from '../audit/checkpoint.ts'
import type { PendingBatch, Trail } from '../trails/trail.ts'
import { type Collected, compactTime, type DeliveryObject, dayFolder, rootOf } from './batch.ts'

const PURPOSE = 'strongroom/trail-digest/1\n'

/** An object of the batch. Times are ISO 8601, UTC; events are named by their numbers in the chain. */
interface DigestObject {
  readonly name: string
  readonly sha256: string
  readonly size: number
  readonly events: number
  readonly firstTime: string
  readonly lastTime: string
  readonly firstEvent: number
  readonly lastEvent: number
}

export interface Digest {
  readonly version: 1
  /** The key under which the digest was written. */
  readonly name: string
  readonly account: string
  readonly trail: string
  readonly homeRegion: string
  /** The name of the chain. A trail begins a new chain when it is created, and when it moves to another place. */
  readonly chain: string
  /** 1 for the first digest of the chain, one more for each after it. */
  readonly number: number
  readonly time: string
  /** The first and the last event that the batch covers. */
  readonly firstEvent: number
  readonly lastEvent: number
  /** The first and the last of its events that were dropped before their delivery. */
  readonly missingEvents: readonly [first: number, last: number] | null
  readonly objects: readonly DigestObject[]
  readonly previous: { readonly name: string; readonly sha256: string } | null
  /** SHA-256 of the signing key's SubjectPublicKeyInfo. */
  readonly publicKey: string
}

/** The digest of a batch, chained to the trail's last one. */
export function digestOf(
  { id: trail, account, body }: Trail,
  { from, to, at }: PendingBatch,
  missing: Collected['missing'],
  objects: readonly DeliveryObject[],
  signer: TrailSigner,
): Digest {
  const { homeRegion, ossKeyPrefix, delivery } = body
  const { chain, digest: last } = delivery
  const number = (last?.number ?? 0) + 1
  const file = ['Actiontrail-Digest', homeRegion, trail, compactTime(at), chain, String(number).padStart(10, '0')]
  return {
    version: 1,
    name: `${rootOf(ossKeyPrefix)}AliyunLogs/Actiontrail-Digest/${homeRegion}/${dayFolder(at)}/${file.join('_')}.json`,
    account,
    trail,
    homeRegion,
    chain,
    number,
    time: isoSeconds(at),
    firstEvent: from + 1,
    lastEvent: to,
    missingEvents: missing,
    objects: objects.map(({ key, bytes, sha256, events, firstAt, lastAt, firstSeq, lastSeq }) => ({
      name: key,
      sha256,
      size: bytes.length,
      events,
      firstTime: isoSeconds(firstAt),
      lastTime: isoSeconds(lastAt),
      firstEvent: firstSeq,
      lastEvent: lastSeq,
    })),
    previous: last && { name: last.name, sha256: last.sha256 },
    publicKey: fingerprint(signer.publicKey),
  }
}

/** The object that holds a digest and its signature. */
export function signedDigest(digest: Digest, signer: TrailSigner): string {
  const text = JSON.stringify(digest)
  return fileOf(text, signer.sign(PURPOSE + text))
}

function fileOf(digest: string, signature: string): string {
  return `{"digest":${digest},"signature":${JSON.stringify(signature)}}\n`
}

/** Reads the object of a digest; null when it is malformed, or this key (PEM) did not sign it. */
export function readDigest(file: string, publicKeyPem: string): Digest | null {
  try {
    const { digest, signature } = JSON.parse(file) as { digest: Digest; signature: string }
    const text = JSON.stringify(digest)
    // The file must hold nothing beside the signed digest.
    if (fileOf(text, signature) !== file) return null
    const key = createPublicKey(publicKeyPem)
    return signatureMatches(PURPOSE + text, signature, key) && digest.version === 1 ? digest : null
  } catch {
    return null
  }
}

/** The SHA-256 of a public key (PEM), in hexadecimal; digests name the key by it. */
export function fingerprint(publicKeyPem: string): string {
  return hash('sha256', createPublicKey(publicKeyPem).export({ format: 'der', type: 'spki' }), 'hex')
}
