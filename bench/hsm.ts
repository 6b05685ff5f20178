// Keys in an HSM: the throughput of the service on a device, against a bare loop on it; and the throughput of software keys meanwhile.
import { join } from 'node:path'
import { callOperation } from '../src/cli/client.ts'
import { makeToken, PIN, type TestToken, TOKEN_KINDS } from '../test/keystore/pkcs11/tokens.ts'
import type { Job } from './load.ts'
import { bareDevice, hsmKeyStore, load, type Server, startStrongroom } from './processes.ts'

const SESSIONS = 16
const CONNECTIONS = 64
const HSM_CALLERS_BESIDE = 8
const REGION = 'cn-hongkong'

type Credentials = { readonly accountId: string; readonly accessKeyId: string; readonly accessKeySecret: string }
interface Size {
  readonly rounds: number
  readonly requests: number
}
interface Output {
  print(text: string): void
  row(name: string, figures: string, budget?: string): void
}

/** Prints the section. */
export async function hsmKeys(folder: string, credentials: Credentials, size: Size, output: Output): Promise<void> {
  output.print(`\nKeys in an HSM, ${SESSIONS} sessions, ${CONNECTIONS} connections`)
  for (const kind of TOKEN_KINDS) {
    using token = makeToken(kind, 2000)
    const flags = [...token.flags, '--hsm-sessions', String(SESSIONS)]
    const server = await startStrongroom(join(folder, `hsm-${kind}`), credentials, flags, { env: token.env })
    server.unpinChildren()
    await against(kind, token, server, credentials, size, output)
    await server.stop()
  }
}

async function against(
  kind: string,
  token: TestToken,
  server: Server,
  credentials: Credentials,
  { rounds, requests }: Size,
  { row }: Output,
): Promise<void> {
  const key = async (ProtectionLevel: string): Promise<string> => {
    const all = new Map(
      Object.entries({ Action: 'CreateKey', Version: '2016-01-20', ProtectionLevel, RegionId: REGION }),
    )
    const options = { endpoint: server.endpoint, ...credentials, securityToken: null, ca: null, now: Date.now() }
    return JSON.parse((await callOperation(all, options)).body).KeyMetadata.KeyId
  }
  const job = (KeyId: string, connections: number, count = requests): Job => ({
    callers: [credentials],
    endpoint: server.endpoint,
    connections,
    requests: count,
    parameters: [{ Action: 'Encrypt', KeyId, Plaintext: Buffer.alloc(32, 7).toString('base64'), RegionId: REGION }],
  })
  const [software, hsm] = [await key('SOFTWARE'), await key('HSM')]
  const parameters = token.flags[token.flags.indexOf('--hsm-parameters') + 1] ?? ''
  const device = [token.module, token.label, PIN, String(SESSIONS), '1', kind === 'NSS' ? parameters : '']
  const measured: Record<'bare' | 'store' | 'ours' | 'alone' | 'beside' | 'hsmBeside', number>[] = []
  for (let round = 0; round < rounds; round++) {
    const bare = bareDevice(device, token.env)
    const store = hsmKeyStore([String(CONNECTIONS), '1', ...token.flags, '--hsm-sessions', String(SESSIONS)], token.env)
    const { perSecond: ours } = await load(job(hsm, CONNECTIONS))
    const { perSecond: alone } = await load(job(software, CONNECTIONS))
    const [beside, hsmBeside] = await Promise.all([
      load(job(software, CONNECTIONS)),
      load(job(hsm, HSM_CALLERS_BESIDE, Math.round((requests * HSM_CALLERS_BESIDE) / CONNECTIONS))),
    ])
    measured.push({ bare, store, ours, alone, beside: beside.perSecond, hsmBeside: hsmBeside.perSecond })
  }
  /** The round with the median ratio. */
  const ratio = (part: 'store' | 'ours' | 'beside', whole: 'bare' | 'alone') => {
    const sorted = measured.toSorted((a, b) => a[part] / a[whole] - b[part] / b[whole])
    const round = sorted[Math.floor(sorted.length / 2)]
    if (!round) throw new Error('nothing was measured')
    const percent = ((round[part] / round[whole]) * 100).toFixed(1)
    return { round, text: `${Math.round(round[part])}/s of ${Math.round(round[whole])}/s: ${percent} %` }
  }
  row(`Key store in ${kind}, against a bare loop`, ratio('store', 'bare').text, 'budget ≥ 60 %')
  row(`  as whole signed calls`, ratio('ours', 'bare').text, 'budget ≥ 60 %')
  row('  signed calls, against those with a software key', ratio('ours', 'alone').text)
  const beside = ratio('beside', 'alone')
  row(
    `  software keys beside ${HSM_CALLERS_BESIDE} callers of HSM keys`,
    `${beside.text}, beside ${Math.round(beside.round.hsmBeside)}/s`,
    'budget ≥ 80 %',
  )
}
