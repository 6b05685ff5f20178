// One round of asymmetric.ts in its own process. Prints its figures.
import { generateKeyPairSync, hash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { PairThreads } from '../src/keystore/pair-threads.ts'
import { ReservedUses } from '../src/keystore/reserved-uses.ts'
import { RootKeys } from '../src/keystore/root-keys.ts'
import { SoftwareKeystore } from '../src/keystore/software.ts'
import { SYSTEM } from '../src/runtime/system.ts'
import type { Round } from './asymmetric.ts'

const SIGNATURES = 1500
const ENCRYPTIONS = 100_000
const SIGNERS = 16
/** The encryptions of a busy server between two polls of its sockets. */
const AT_ONCE = 64

const pairs = new PairThreads(1)
const uses = new ReservedUses({ note: () => {}, reserve: async (_, count) => count }, () => {})
const store = new SoftwareKeystore(new RootKeys(new Uint8Array(32)), SYSTEM, pairs, uses)
const of = { account: '1', region: 'r', keyId: 'k', protectionLevel: 'SOFTWARE' } as const
const rsa = { ...of, versionId: 'rsa', keySpec: 'RSA_2048' } as const
const aes = { ...of, versionId: 'aes', keySpec: 'Aliyun_AES_256' } as const
const { material: privateKey } = await store.generatePair(rsa)
const key = await store.generate(aes)
const digest = hash('sha256', 'what is signed', 'buffer')
const [plaintext, aad] = [Buffer.alloc(44, 7), Buffer.alloc(32, 1)]

const sign = () => store.sign(rsa, privateKey, 'RSA_PKCS1_SHA_256', digest)

/** CPU time of the whole process in microseconds. */
async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

async function signatures(count: number): Promise<void> {
  let left = count
  const signer = async () => {
    while (left-- > 0) await sign()
  }
  await Promise.all(Array.from({ length: SIGNERS }, signer))
}

/** CPU time of the main thread for one encryption, in microseconds. */
async function encryptionUs(count: number): Promise<number> {
  const before = process.threadCpuUsage()
  for (let done = 0; done < count; done += AT_ONCE) {
    for (let i = 0; i < AT_ONCE; i++) await store.encrypt(aes, key, plaintext, aad)
    await SYSTEM.turn()
  }
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / count
}

async function bareSignUs(): Promise<number> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const code = `const { parentPort, workerData } = require('node:worker_threads'); const { sign } = require('node:crypto')
    parentPort.on('message', (count) => { for (let i = 0; i < count; i++) sign('sha256', workerData.digest, workerData.privateKey); parentPort.postMessage('') })`
  const worker = new Worker(code, { eval: true, workerData: { privateKey, digest } })
  const signed = (count: number) =>
    new Promise<void>((resolve) => {
      worker.once('message', () => resolve())
      worker.postMessage(count)
    })
  await signed(100)
  const cpu = await cpuOf(() => signed(SIGNATURES))
  await worker.terminate()
  return cpu / SIGNATURES
}

await signatures(200)
await encryptionUs(ENCRYPTIONS)
const bare = await bareSignUs()
const signUs = (await cpuOf(() => signatures(SIGNATURES))) / SIGNATURES
const encryptUs = await encryptionUs(ENCRYPTIONS)
let [isOver, signedBeside] = [false, 0]
const signer = async () => {
  for (; !isOver; signedBeside++) await sign()
}
const signers = Array.from({ length: SIGNERS }, signer)
const besideUs = await encryptionUs(ENCRYPTIONS)
isOver = true
await Promise.all(signers)
await pairs.stop()
process.stdout.write(JSON.stringify({ bareSignUs: bare, signUs, encryptUs, besideUs, signedBeside } satisfies Round))
