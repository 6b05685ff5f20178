// Functions of OpenSSL that node:crypto does not offer: elliptic-curve signatures over an existing digest, and SM2 encryption. node:ffi calls the
// runtime's own OpenSSL, the same that node:crypto uses (docs/decisions/0024-asymmetric-keys.md). INVARIANT: no pointer outlives the call of the
// function that created it, and every buffer has the length that is passed with it.
import { dlopen, getRawPointer } from 'node:ffi'
import { asBuffer } from '../runtime/bytes.ts'

const key = { arguments: ['pointer', 'buffer', 'i64'], return: 'pointer' } as const
const begin = { arguments: ['pointer'], return: 'i32' } as const
const end = { arguments: ['pointer'], return: 'void' } as const
const transform = { arguments: ['pointer', 'buffer', 'buffer', 'buffer', 'u64'], return: 'i32' } as const

const { functions: openssl } = dlopen(null, {
  d2i_AutoPrivateKey: key,
  d2i_PUBKEY: key,
  EVP_PKEY_free: end,
  EVP_PKEY_CTX_new: { arguments: ['pointer', 'pointer'], return: 'pointer' },
  EVP_PKEY_CTX_free: end,
  EVP_PKEY_sign_init: begin,
  EVP_PKEY_sign: transform,
  EVP_PKEY_verify_init: begin,
  EVP_PKEY_verify: { arguments: ['pointer', 'buffer', 'u64', 'buffer', 'u64'], return: 'i32' },
  EVP_PKEY_encrypt_init: begin,
  EVP_PKEY_encrypt: transform,
  EVP_PKEY_decrypt_init: begin,
  EVP_PKEY_decrypt: transform,
  ERR_clear_error: { arguments: [], return: 'void' },
})

const NULL = 0n
const SUCCESS = 1
/** In bytes: two integers of 256 bits, each with a sign byte, and three headers. */
const LONGEST_SIGNATURE = 72

/** Signs a digest of 32 bytes by ECDSA or SM2; returns DER. `privateKey` is PKCS #8, DER, on a 256-bit curve. */
export function signDigest(privateKey: Uint8Array, digest: Uint8Array): Buffer {
  const signature = withPrivateKey(privateKey, (context) =>
    transformed('EVP_PKEY_sign', context, digest, LONGEST_SIGNATURE),
  )
  if (!signature) throw new Error('OpenSSL made no signature')
  return signature
}

/** Whether the signature (DER) is valid for the digest. `publicKey` is a SubjectPublicKeyInfo, DER. */
export function digestVerifies(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  return withPublicKey(publicKey, (context) => {
    demand(openssl.EVP_PKEY_verify_init(context))
    const [length, digestLength] = [BigInt(signature.length), BigInt(digest.length)]
    const outcome = openssl.EVP_PKEY_verify(context, view(signature), length, view(digest), digestLength)
    openssl.ERR_clear_error()
    return outcome === SUCCESS
  })
}

/** Encrypts with an SM2 key; returns the ciphertext in DER (GM/T 0009). `publicKey` is a SubjectPublicKeyInfo, DER. */
export function encryptSm2(publicKey: Uint8Array, plaintext: Uint8Array): Buffer {
  const ciphertext = withPublicKey(publicKey, (context) =>
    transformed('EVP_PKEY_encrypt', context, plaintext, plaintext.length + SM2_GROWTH),
  )
  if (!ciphertext) throw new Error('OpenSSL made no ciphertext')
  return ciphertext
}

/** Decrypts an SM2 ciphertext in DER; null when it is invalid. `privateKey` is PKCS #8, DER. */
export function decryptSm2(privateKey: Uint8Array, ciphertext: Uint8Array): Buffer | null {
  return withPrivateKey(privateKey, (context) =>
    transformed('EVP_PKEY_decrypt', context, ciphertext, ciphertext.length),
  )
}

/** How much longer an SM2 ciphertext is than its plaintext, at most, in bytes: two coordinates (33 and a header each), a digest (32) and headers. */
const SM2_GROWTH = 128

type Transform = 'EVP_PKEY_sign' | 'EVP_PKEY_encrypt' | 'EVP_PKEY_decrypt'

/** Calls an OpenSSL function and returns its output; null when it fails. `longest` is the length of the output buffer; OpenSSL never writes more. */
function transformed(name: Transform, context: bigint, input: Uint8Array, longest: number): Buffer | null {
  demand(openssl[`${name}_init`](context))
  const output = Buffer.alloc(longest)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(longest))
  if (openssl[name](context, output, length, view(input), BigInt(input.length)) === SUCCESS)
    return output.subarray(0, Number(length.readBigUInt64LE()))
  output.fill(0)
  openssl.ERR_clear_error()
  return null
}

function withPrivateKey<T>(der: Uint8Array, use: (context: bigint) => T): T {
  return withKey('d2i_AutoPrivateKey', der, use)
}

function withPublicKey<T>(der: Uint8Array, use: (context: bigint) => T): T {
  return withKey('d2i_PUBKEY', der, use)
}

/** Parses a key and calls `use` with it. OpenSSL wipes a private key when it frees the key. */
function withKey<T>(read: 'd2i_AutoPrivateKey' | 'd2i_PUBKEY', der: Uint8Array, use: (context: bigint) => T): T {
  const bytes = view(der)
  const position = Buffer.alloc(8)
  position.writeBigUInt64LE(getRawPointer(bytes))
  const pkey = openssl[read](NULL, position, BigInt(bytes.length))
  if (pkey === NULL) {
    openssl.ERR_clear_error()
    throw new Error('OpenSSL can not read the key')
  }
  try {
    const context = openssl.EVP_PKEY_CTX_new(pkey, NULL)
    if (context === NULL) throw new Error('OpenSSL has no memory')
    try {
      return use(context)
    } finally {
      openssl.EVP_PKEY_CTX_free(context)
    }
  } finally {
    openssl.EVP_PKEY_free(pkey)
  }
}

function demand(outcome: number): void {
  if (outcome === SUCCESS) return
  openssl.ERR_clear_error()
  throw new Error('OpenSSL can not use the key for this operation')
}

/** Returns a view of the bytes. Empty input gets a buffer of one byte, because a pointer is needed. */
function view(bytes: Uint8Array): Buffer {
  return bytes.length === 0 ? Buffer.alloc(1) : asBuffer(bytes)
}
