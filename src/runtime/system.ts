// The machine's own clock, event loop and generator.
import { generateKeyPair, generateKeyPairSync, randomUUID, randomUUIDv7 } from 'node:crypto'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { randomBytes } from './random.ts'
import type { Runtime } from './runtime.ts'

export const SYSTEM: Runtime = {
  now: Date.now,
  monotonic: () => performance.now(),
  soon: (work) => void setImmediate(work),
  turn: () => turn(),
  async pause(ms, stop) {
    try {
      await wait(ms, undefined, stop && { signal: stop })
    } catch (error) {
      if (!stop?.aborted) throw error
    }
  },
  after(ms, work) {
    const timer = setTimeout(work, ms)
    return () => clearTimeout(timer)
  },
  randomBytes,
  random: Math.random,
  newId: randomUUID,
  newRecordId: randomUUIDv7,
  rsaPair: () =>
    promisify(generateKeyPair)('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'der' },
      privateKeyEncoding: { type: 'pkcs8', format: 'der' },
    }),
  kemPairs: () => ({ kem: generateKeyPairSync('ml-kem-768'), x25519: generateKeyPairSync('x25519') }),
  ed25519Pair: () => generateKeyPairSync('ed25519'),
}
