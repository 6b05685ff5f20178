// Checkpoints: heads of the chain of events, signed with the installation's Ed25519 key (RFC 8032).
// With the public key alone, anyone can verify that a copy of the events is what was recorded (docs/reference/trail-formats.md).
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Kind } from '../../ledger/record.ts'
import type { Head } from '../../storage/storage.ts'

/** A signed head of the chain. `at` is the time of signing in milliseconds since 1970; `signature` is Base64. */
export interface Checkpoint extends Head {
  readonly at: number
  readonly signature: string
}

/** A stored checkpoint. `previous` is the event of the one stored before it, null for the first; absent in checkpoints of earlier releases. */
export interface StoredCheckpoint extends Checkpoint {
  readonly previous?: number | null
}

/** Checkpoints by the number of their event. */
export const CHECKPOINT: Kind<StoredCheckpoint> = { name: 'trail-checkpoint', counted: false }

/** An id that sorts as the event's number does. */
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

  /** The Ed25519 signature of a text, Base64. The text must begin with its purpose. */
  sign(text: string): string {
    return sign(null, Buffer.from(text, 'utf8'), this.#privateKey).toString('base64')
  }

  checkpoint({ seq, hash }: Head, at: number): Checkpoint {
    return { seq, hash, at, signature: this.sign(checkpointText({ seq, hash, at })) }
  }
}

function checkpointText({ seq, hash, at }: Omit<Checkpoint, 'signature'>): string {
  return `strongroom/checkpoint/1\n${seq}\n${hash}\n${at}`
}

/** Reads the trail's public key (PEM). Throws when the text is malformed, or no Ed25519 key. */
export function publicKeyOf(pem: string): KeyObject {
  const key = createPublicKey(pem)
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('the public key is not an Ed25519 key')
  return key
}

/** Whether the key made the signature (canonical Base64) of the text. */
export function signatureMatches(text: string, signature: string, publicKey: KeyObject): boolean {
  const bytes = Buffer.from(signature, 'base64')
  return bytes.toString('base64') === signature && verify(null, Buffer.from(text, 'utf8'), publicKey, bytes)
}

/** Whether the key signed the checkpoint, which may come from outside and have any shape. */
export function checkpointMatches(checkpoint: Checkpoint, publicKey: KeyObject): boolean {
  const { seq, hash, at, signature } = checkpoint
  if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(at)) return false
  if (typeof hash !== 'string' || typeof signature !== 'string') return false
  return signatureMatches(checkpointText(checkpoint), checkpoint.signature, publicKey)
}
