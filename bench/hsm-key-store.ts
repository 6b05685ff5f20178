// The key store in an HSM without the calls around it: CALLERS encrypt at the same time for SECONDS. Further arguments are settings of the
// service.

import { deviceOf } from '../src/house/hsm.ts'
import { HsmKeystore } from '../src/keystore/pkcs11/hsm.ts'
import { RootKeys } from '../src/keystore/root-keys.ts'
import { readSettings } from '../src/settings/settings.ts'

const [callers = '64', seconds = '2', ...flags] = process.argv.slice(2)
const { hsm } = readSettings(flags, process.env, () => '')
if (!hsm) throw new Error('no HSM is configured')
const complain = (message: string) => void process.stderr.write(`${message}\n`)
const uses = { note: () => {}, reserve: async (_: unknown, count: number) => count }
const setup = { timeoutMs: hsm.timeoutMs, keyTimeoutMs: hsm.keyTimeoutMs, tag: '0123456789abcdef' }
const store = new HsmKeystore(
  deviceOf(hsm, complain, () => {}),
  setup,
  new RootKeys(new Uint8Array(32)),
  uses,
  complain,
)
await store.start()
const place = {
  account: '1000000000000001',
  region: 'cn-hongkong',
  keyId: 'bench',
  versionId: 'bench',
  keySpec: 'Aliyun_AES_256',
  protectionLevel: 'HSM',
} as const
const material = await store.generate(place)
const [plaintext, aad] = [Buffer.alloc(44, 7), Buffer.alloc(32, 1)]

async function perSecond(ms: number): Promise<number> {
  let count = 0
  const start = performance.now()
  const caller = async () => {
    for (; performance.now() - start < ms; count++) await store.encrypt(place, material, plaintext, aad)
  }
  await Promise.all(Array.from({ length: Number(callers) }, caller))
  return (count * 1000) / (performance.now() - start)
}

await perSecond(500)
process.stdout.write(JSON.stringify({ perSecond: await perSecond(Number(seconds) * 1000) }))
await store.destroy(material)
await store.stop()
