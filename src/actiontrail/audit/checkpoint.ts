// Checkpoints: the heads of all lanes, signed with the installation's Ed25519 key (RFC 8032).
// The public key alone is enough to verify that a copy of the events is what was recorded (docs/reference/trail-formats.md).
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Kind } from '../../ledger/record.ts'
import { eventsUpTo, type Head, type Heads, laneOf } from '../../storage/lane.ts'

/**
 * The signed heads of all lanes. `seq` is the number of events covered. With lane 0 alone (format 1), that is the number of the last event,
 * and `hash` is its hash. With several lanes (format 2), `heads` has one head for each. `at` is the time of signing in milliseconds since
 * 1970; `signature` is Base64.
 */
export type Checkpoint = (
  | { readonly seq: number; readonly hash: string }
  | { readonly seq: number; readonly heads: Heads }
) & {
  readonly at: number
  readonly signature: string
}

/** `previous` is the `seq` of the checkpoint stored before; null for the first, absent in checkpoints of earlier releases. */
export type StoredCheckpoint = Checkpoint & { readonly previous?: number | null }

/** Checkpoints by their `seq`. */
export const CHECKPOINT: Kind<StoredCheckpoint> = { name: 'trail-checkpoint', counted: false }

/** The heads that a checkpoint signs. */
export function headsOf(checkpoint: Checkpoint): Heads {
  return 'heads' in checkpoint ? checkpoint.heads : [{ seq: checkpoint.seq, hash: checkpoint.hash }]
}

/** An id that sorts like `seq`. */
export function checkpointId(seq: number): string {
  return String(seq).padStart(16, '0')
}

/** Signs checkpoints, exports and digests with the trail's key. */
export class TrailSigner {
  /** SubjectPublicKeyInfo, PEM. */
  readonly publicKey: string
  readonly #privateKey: KeyObject

  constructor(publicKey: string, privateKey: KeyObject) {
    this.publicKey = publicKey
    this.#privateKey = privateKey
  }

  /** The Ed25519 signature of a text, in Base64. The text must begin with its purpose, so that no signature fits another kind of text. */
  sign(text: string): string {
    return sign(null, Buffer.from(text, 'utf8'), this.#privateKey).toString('base64')
  }

  checkpoint(heads: Heads, at: number): Checkpoint {
    const [first] = heads
    const covered = eventsUpTo(heads)
    const signed =
      heads.length === 1 && first ? { seq: covered, hash: first.hash } : { seq: covered, heads: heads.map(bare) }
    return { ...signed, at, signature: this.sign(checkpointText(heads, at)) }
  }
}

function bare({ seq, hash }: Head): Head {
  return { seq, hash }
}

function checkpointText(heads: Heads, at: number): string {
  const [first] = heads
  if (heads.length === 1 && first) return `strongroom/checkpoint/1\n${first.seq}\n${first.hash}\n${at}`
  return `strongroom/checkpoint/2\n${at}\n${heads.map(({ seq, hash }) => `${seq} ${hash}`).join('\n')}`
}

const HASH = /^[\w-]{43}$/

/** Reads the trail's public key (PEM). Throws when the text is malformed, or no Ed25519 key. */
export function publicKeyOf(pem: string): KeyObject {
  const key = createPublicKey(pem)
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('the public key is not an Ed25519 key')
  return key
}

/** Whether this key made the signature (canonical Base64) of the text. */
export function signatureMatches(text: string, signature: string, publicKey: KeyObject): boolean {
  const bytes = Buffer.from(signature, 'base64')
  return bytes.toString('base64') === signature && verify(null, Buffer.from(text, 'utf8'), publicKey, bytes)
}

/** Whether this key signed the checkpoint. The value may come from outside and have any shape. */
export function checkpointMatches(checkpoint: Checkpoint, publicKey: KeyObject): boolean {
  const { seq, at, signature } = checkpoint
  if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(at) || typeof signature !== 'string') return false
  if ('heads' in checkpoint && (!areHeads(checkpoint.heads) || eventsUpTo(checkpoint.heads) !== seq)) return false
  if ('hash' in checkpoint && typeof checkpoint.hash !== 'string') return false
  return signatureMatches(checkpointText(headsOf(checkpoint), at), signature, publicKey)
}

/**
 * Whether these are the heads of two or more lanes, each in its place. The pattern of the hash matters: the signed text joins several
 * hashes, so a hash that contains separators would make another text look signed.
 */
function areHeads(heads: unknown): heads is Heads {
  if (!Array.isArray(heads) || heads.length < 2) return false
  return (heads as readonly (Partial<Head> | null)[]).every((head, lane) => {
    const { seq, hash } = head ?? {}
    const inPlace = Number.isSafeInteger(seq) && laneOf(seq ?? -1) === lane
    return inPlace && HASH.test(String(hash)) && Object.keys(head ?? {}).join() === 'seq,hash'
  })
}
