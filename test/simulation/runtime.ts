// The runtime of one simulated process: its time, its turns and its randomness are the scheduler's.
import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { Runtime } from '../../src/runtime/runtime.ts'
import { Random } from './random.ts'
import type { Owner, Scheduler } from './scheduler.ts'

/** When every run begins. */
export const BEGINNING = Date.parse('2026-03-01T00:00:00Z')

/** PKCS #8 of an Ed25519 key, without its 32 bytes. */
const ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex')

export class SimulatedProcess implements Owner {
  alive = true
  pausedUntil = 0
  /** Whether its way to the database is spared of losses. */
  isSpared = false
  readonly name: string
  readonly runtime: Runtime

  /** `skewMs`: how far its clock is ahead. */
  constructor(name: string, number: number, seed: number, scheduler: Scheduler, skewMs: number) {
    this.name = name
    this.runtime = runtimeOf(this, new Random(seed, number), scheduler, skewMs)
  }
}

function runtimeOf(owner: Owner, random: Random, scheduler: Scheduler, skewMs: number): Runtime {
  let turnAt = 0
  let latest = { ms: 0, made: 0 }
  const now = () => Math.floor(BEGINNING + scheduler.now + skewMs)
  /** Behind what already waits in this process, and in any order with the other processes. */
  const soon = (work: () => void) => {
    turnAt = Math.max(turnAt, scheduler.now + random.fraction() / 100)
    scheduler.after(turnAt - scheduler.now, 'turn', owner, work)
  }
  return {
    now,
    monotonic: () => scheduler.now,
    soon,
    turn: () => new Promise((resolve) => soon(resolve)),
    pause: (ms, stop) =>
      new Promise((resolve) => {
        if (stop?.aborted) return resolve()
        const end = () => {
          stop?.removeEventListener('abort', aborted)
          resolve()
        }
        const cancel = scheduler.after(ms, 'timer', owner, end)
        const aborted = () => {
          cancel()
          end()
        }
        stop?.addEventListener('abort', aborted)
      }),
    after: (ms, work) => scheduler.after(ms, 'timer', owner, work),
    randomBytes: (length) => random.bytes(length),
    random: () => random.fraction(),
    newId: () => uuid(random.bytes(16), 4),
    newRecordId: () => {
      const ms = now()
      latest = ms > latest.ms ? { ms, made: 0 } : { ...latest, made: latest.made + 1 }
      const bytes = Buffer.concat([Buffer.alloc(8), random.bytes(8)])
      bytes.writeUIntBE(latest.ms, 0, 6)
      bytes.writeUInt16BE(latest.made, 6)
      return uuid(bytes, 7)
    },
    rsaPair: () => Promise.reject(new Error('RSA pairs are not simulated')),
    kemPairs: () => {
      throw new Error('pairs for wrapping are not simulated')
    },
    ed25519Pair: () => {
      const der = Buffer.concat([ED25519, random.bytes(32)])
      const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
      return { privateKey, publicKey: createPublicKey(privateKey) }
    },
  }
}

function uuid(bytes: Buffer, version: number): string {
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4)
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
