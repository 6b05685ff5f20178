// Unwraps imported key material that is wrapped for ML-KEM-768 and X25519 together. It stays secret as long as one of the two is secure
// (docs/reference/formats.md, "Hybrid wrapping"). The combiner and the encodings of public key and ciphertext are X-Wing's
// (draft-connolly-cfrg-xwing-kem). AES-256 key wrap (RFC 3394) protects the material under a key from the shared secret.
import {
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  decapsulate,
  diffieHellman,
  hash,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { asBuffer } from '../runtime/bytes.ts'

export const HYBRID_WRAPPING = 'X_WING_AES_256_KW'
/** The KeySpec of its wrapping key. */
export const HYBRID_KEY_SPEC = 'X25519_ML_KEM_768'

/** The parts of a private wrapping key: ML-KEM's seed (64 bytes) and X25519's scalar (32 bytes). The public key has 1,184 and 32 bytes. */
const [SEED, SCALAR] = [64, 32]
const [KEM_CIPHERTEXT, POINT] = [1088, 32]
/** The initial value of key wrap (RFC 3394 section 2.2.3.1). Wrapping adds as many bytes. */
const INTEGRITY = Buffer.alloc(8, 0xa6)
/** The label at the end of X-Wing's combiner input. */
export const X_WING_LABEL = Buffer.from('5c2e2f2f5e5c', 'hex')

const RAW_ML_KEM = { asymmetricKeyType: 'ml-kem-768' } as const
const RAW_X25519 = { asymmetricKeyType: 'x25519' } as const

/** Encodes the private and the public part of a new wrapping key. */
export function hybridPair(
  kem: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  x25519: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
): { readonly privateKey: Buffer; readonly publicKey: Buffer } {
  const publicOf = ({ publicKey }: { publicKey: KeyObject }) => publicKey.export({ format: 'raw-public' })
  return {
    privateKey: Buffer.concat([
      kem.privateKey.export({ format: 'raw-seed' }),
      x25519.privateKey.export({ format: 'raw-private' }),
    ]),
    publicKey: Buffer.concat([publicOf(kem), publicOf(x25519)]),
  }
}

/** Unwraps material of `length` bytes; null for any invalid input. Wipes everything secret that it computes, whatever the outcome. */
export function unwrapHybrid(privateKey: Uint8Array, wrapped: Uint8Array, length: number): Buffer | null {
  const start = KEM_CIPHERTEXT + POINT
  if (privateKey.length !== SEED + SCALAR || wrapped.length !== start + length + INTEGRITY.length) return null
  // Views instead of copies, so that no second copy of the private key remains when the caller wipes it.
  const part = (bytes: Uint8Array, from: number, to: number) => asBuffer(bytes).subarray(from, to)
  const kem = createPrivateKey({ key: part(privateKey, 0, SEED), format: 'raw-seed', ...RAW_ML_KEM })
  const own = createPrivateKey({ key: part(privateKey, SEED, SEED + SCALAR), format: 'raw-private', ...RAW_X25519 })
  const point = part(wrapped, KEM_CIPHERTEXT, start)
  const secrets: Buffer[] = []
  const secret = (bytes: Buffer) => {
    secrets.push(bytes)
    return bytes
  }
  try {
    const peer = createPublicKey({ key: point, format: 'raw-public', ...RAW_X25519 })
    const ownPoint = createPublicKey(own).export({ format: 'raw-public' })
    const decapsulated = secret(decapsulate(kem, part(wrapped, 0, KEM_CIPHERTEXT)))
    // Throws for a point of low order.
    const agreed = secret(diffieHellman({ privateKey: own, publicKey: peer }))
    const combined = secret(Buffer.concat([decapsulated, agreed, point, ownPoint, X_WING_LABEL]))
    const shared = secret(hash('sha3-256', combined, 'buffer'))
    const wrapping = secret(Buffer.from(hkdfSync('sha256', shared, new Uint8Array(0), HYBRID_WRAPPING, 32)))
    const decipher = createDecipheriv('id-aes256-wrap', wrapping, INTEGRITY)
    return Buffer.concat([secret(decipher.update(wrapped.subarray(start))), secret(decipher.final())])
  } catch {
    return null
  } finally {
    for (const bytes of secrets) bytes.fill(0)
  }
}
