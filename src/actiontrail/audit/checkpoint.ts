// Checkpoints: the chain of events up to a moment, signed with the installation's Ed25519 key (RFC 8032).
// Who has the public key can tell, without us, whether a copy of the events is what was recorded.
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Kind } from '../../ledger/record.ts'
import type { Head } from '../../storage/storage.ts'

/** A signed head of the chain. `at` is when it was signed, in milliseconds since 1970; `signature` is Base64. */
export interface Checkpoint extends Head {
  readonly at: number
  readonly signature: string
}

/** A checkpoint as it is stored: with the event of the one stored before it, null for none; absent in those from before there was a chain. */
export interface StoredCheckpoint extends Checkpoint {
  readonly previous?: number | null
}

/** Checkpoints by the number of the event that they end with. */
export const CHECKPOINT: Kind<StoredCheckpoint> = { name: 'trail-checkpoint', counted: false }

/** An id that sorts as the number does. */
export function checkpointId(seq: number): string {
  return String(seq).padStart(16, '0')
}

/** Signs for the trail: checkpoints of the chain, and digests of what was delivered. */
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

/** A public key as the program hands it out (PEM). Throws when the text is none, or of another kind. */
export function publicKeyOf(pem: string): KeyObject {
  const key = createPublicKey(pem)
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('the public key is not an Ed25519 key')
  return key
}

/** Whether the signature (Base64, in its only spelling) of the text is that of the key. */
export function signatureMatches(text: string, signature: string, publicKey: KeyObject): boolean {
  const bytes = Buffer.from(signature, 'base64')
  return bytes.toString('base64') === signature && verify(null, Buffer.from(text, 'utf8'), publicKey, bytes)
}

/** Whether it is a checkpoint that the key signed; what comes from outside may be of any shape. */
export function checkpointMatches(checkpoint: Checkpoint, publicKey: KeyObject): boolean {
  const { seq, hash, at, signature } = checkpoint
  if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(at)) return false
  if (typeof hash !== 'string' || typeof signature !== 'string') return false
  return signatureMatches(checkpointText(checkpoint), checkpoint.signature, publicKey)
}
