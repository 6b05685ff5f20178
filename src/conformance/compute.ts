// The runner's own computations: the client's half of imports, exports and signatures.
import {
  constants,
  createHash,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  verify,
} from 'node:crypto'
import { CaseError } from './case.ts'
import type { Machine } from './machine.ts'

type Texts = Readonly<Record<string, string>>
type Computation = (input: Texts, machine: Machine) => Texts

function bytes(base64 = ''): Buffer {
  return Buffer.from(base64, 'base64')
}

/** A public key as PEM, or as the Base64 of its SubjectPublicKeyInfo. */
function publicKeyOf(text = ''): KeyObject {
  if (text.startsWith('-----')) return createPublicKey(text)
  return createPublicKey({ key: bytes(text), format: 'der', type: 'spki' })
}

function paddingOf(algorithm = ''): { padding: number; oaepHash?: string } {
  if (algorithm === 'RSAES_PKCS1_V1_5') return { padding: constants.RSA_PKCS1_PADDING }
  return { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: algorithm === 'RSAES_OAEP_SHA_1' ? 'sha1' : 'sha256' }
}

/** The parameters of each algorithm for node:crypto; all hash with SHA-256. */
const SIGNATURES: Readonly<Record<string, object>> = {
  RSA_PKCS1_SHA_256: { padding: constants.RSA_PKCS1_PADDING },
  RSA_PSS_SHA_256: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
  ECDSA_SHA_256: { dsaEncoding: 'der' },
}

/** The computations by name. Inputs and results are texts; bytes are Base64. */
const COMPUTATIONS: Readonly<Record<string, Computation>> = {
  random: ({ bytes: length }, machine) => ({ value: machine.randomBytes(Number(length)).toString('base64') }),
  sha256: ({ text = '' }) => ({ value: createHash('sha256').update(text).digest('base64') }),
  pair: (_, machine) => {
    const { publicKey, privateKey } = machine.rsaPair()
    return { publicKey: publicKey.replace(/-----[^-]+-----|\s/g, ''), privateKey }
  },
  wrap: ({ publicKey, algorithm, material }) => ({
    value: publicEncrypt({ key: publicKeyOf(publicKey), ...paddingOf(algorithm) }, bytes(material)).toString('base64'),
  }),
  unwrap: ({ privateKey = '', algorithm, wrapped }) => ({
    value: privateDecrypt({ key: privateKey, ...paddingOf(algorithm) }, bytes(wrapped)).toString('base64'),
  }),
  verify: ({ publicKey, algorithm = '', text = '', signature }) => ({
    value: String(
      verify('sha256', Buffer.from(text), { key: publicKeyOf(publicKey), ...SIGNATURES[algorithm] }, bytes(signature)),
    ),
  }),
}

/** Computes. Throws CaseError for an unknown computation, and what node:crypto throws for wrong inputs. */
export function compute(name: string, input: Texts, machine: Machine): Texts {
  const computation = COMPUTATIONS[name]
  if (!computation)
    throw new CaseError(`there is no computation ${name}: there are ${Object.keys(COMPUTATIONS).join(', ')}`)
  return computation(input, machine)
}
