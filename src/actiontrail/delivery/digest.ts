// Digests: for each delivered batch a signed statement of its objects, chained to the one before it.
// The text that is signed is the JSON of the digest, its members in the order written here (docs/reference/trail-formats.md).
import { createPublicKey, hash } from 'node:crypto'
import { isoSeconds } from '../../api/time.ts'
import { signatureMatches, type TrailSigner } from '../audit/checkpoint.ts'
import type { PendingBatch, Trail } from '../trails/trail.ts'
import { type Collected, compactTime, type DeliveryObject, dayFolder, rootOf } from './batch.ts'

const PURPOSE = 'strongroom/trail-digest/1\n'

/** One object in a digest. Times are ISO 8601, UTC; numbers of events are their places in the chain of all events. */
export interface DigestObject {
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
  /** The key that the digest was written under. */
  readonly name: string
  readonly account: string
  readonly trail: string
  readonly homeRegion: string
  /** Tells chains apart: a trail begins a new one when it is made, and when it moves to another place. */
  readonly chain: string
  /** 1 for the first of the chain, one more for each. */
  readonly number: number
  readonly time: string
  /** The events that the batch looked through, those between included. */
  readonly firstEvent: number
  readonly lastEvent: number
  /** Events among them that were deleted before they could be delivered: the first and the last. */
  readonly missingEvents: readonly [first: number, last: number] | null
  readonly objects: readonly DigestObject[]
  readonly previous: { readonly name: string; readonly sha256: string } | null
  /** SHA-256 of the signing key's SubjectPublicKeyInfo. */
  readonly publicKey: string
}

/** The digest of a batch, which follows the trail's last one. */
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

/** The object of a digest. */
export function signedDigest(digest: Digest, signer: TrailSigner): string {
  const text = JSON.stringify(digest)
  return fileOf(text, signer.sign(PURPOSE + text))
}

function fileOf(digest: string, signature: string): string {
  return `{"digest":${digest},"signature":${JSON.stringify(signature)}}\n`
}

/** A digest's object read back; null when it is none, or not one that the key (PEM) signed. */
export function readDigest(file: string, publicKeyPem: string): Digest | null {
  try {
    const { digest, signature } = JSON.parse(file) as { digest: Digest; signature: string }
    const text = JSON.stringify(digest)
    // Nothing may stand in the file that is not signed.
    if (fileOf(text, signature) !== file) return null
    const key = createPublicKey(publicKeyPem)
    return signatureMatches(PURPOSE + text, signature, key) && digest.version === 1 ? digest : null
  } catch {
    return null
  }
}

/** SHA-256 of a public key (PEM), as digests name it. */
export function fingerprint(publicKeyPem: string): string {
  return hash('sha256', createPublicKey(publicKeyPem).export({ format: 'der', type: 'spki' }), 'hex')
}
