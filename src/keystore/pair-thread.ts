// A thread that works with key pairs: see pair-threads.ts. It keeps no key between requests.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { parentPort } from 'node:worker_threads'
import { decryptWith, encryptFor, signWith, verifies } from '../cryptography/asymmetric.ts'
import { SALT_BYTES } from '../cryptography/rsa.ts'
import type { KeySpec } from './key-spec.ts'
import type { Answer, Pair, Question, Work, Works } from './pair-work.ts'
import { post } from './post.ts'

const ENCODINGS = {
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
} as const

function make(keySpec: KeySpec): Pair {
  switch (keySpec) {
    case 'RSA_2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048, ...ENCODINGS })
    case 'RSA_3072':
      return generateKeyPairSync('rsa', { modulusLength: 3072, ...ENCODINGS })
    case 'EC_P256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256', ...ENCODINGS })
    case 'EC_P256K':
      return generateKeyPairSync('ec', { namedCurve: 'secp256k1', ...ENCODINGS })
    case 'EC_SM2':
      return generateKeyPairSync('ec', { namedCurve: 'SM2', ...ENCODINGS })
    case 'ML_DSA_65':
      return generateKeyPairSync('ml-dsa-65', ENCODINGS)
    case 'ML_DSA_87':
      return generateKeyPairSync('ml-dsa-87', ENCODINGS)
    case 'Aliyun_AES_256':
    case 'Aliyun_SM4':
      throw new Error(`${keySpec} is not a pair`)
  }
}

function work(question: Question): Works[Work]['answer'] {
  switch (question.work) {
    case 'make':
      return make(question.keySpec)
    case 'sign':
      return signWith(question.key, question.algorithm, question.digest, randomBytes(SALT_BYTES))
    case 'decrypt':
      return decryptWith(question.key, question.algorithm, question.ciphertext)
    case 'verify':
      return verifies(question.publicKey, question.algorithm, question.digest, question.signature)
    case 'encrypt':
      return encryptFor(question.publicKey, question.algorithm, question.plaintext)
  }
}

function answerTo(question: Question): Answer {
  const { number } = question
  try {
    return { number, answer: work(question) }
  } catch (error) {
    return { number, failure: error instanceof Error ? error.message : String(error) }
  } finally {
    if ('key' in question && question.key instanceof Uint8Array) question.key.fill(0)
  }
}

/** Overwrites secrets in the answer. The main thread has a copy. */
function wipe(question: Question, answer: Answer): void {
  if (!('answer' in answer)) return
  const { answer: result } = answer
  if (question.work === 'make') (result as Pair).privateKey.fill(0)
  if (question.work === 'decrypt') (result as Uint8Array | null)?.fill(0)
}

parentPort?.on('message', (question: Question) => {
  const answer = answerTo(question)
  if (parentPort) post(parentPort, answer)
  wipe(question, answer)
})
