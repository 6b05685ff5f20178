// The HSM that is configured, wired to the ledger that counts its keys' uses.
import { readFileSync, statSync } from 'node:fs'
import type { Settings } from './cli/settings.ts'
import type { RootKeys } from './cryptography/seal.ts'
import { HsmKeystore } from './keystore/pkcs11/hsm.ts'
import { randomBytes } from './keystore/random.ts'
import type { KeyUsage } from './kms/key-usage.ts'
import type { Alarm, Ledger } from './ledger/ledger.ts'
import { INSTALLATION, insert, type Kind } from './ledger/record.ts'

/** The names of objects in an HSM begin with the tag of their database, so that several installations may share one. */
const HSM_TAG: Kind<{ readonly tag: string }> = { name: 'hsm-tag', counted: false }

/** The key store of the configured HSM, not connected yet; null when none is configured. */
export async function hsmOf(
  { hsm }: Settings,
  ledger: Ledger,
  keys: RootKeys,
  usage: KeyUsage,
  alarm: Alarm,
  now: number,
): Promise<HsmKeystore | null> {
  if (!hsm) return null
  const tag = await hsmTag(ledger, now)
  const { pinFile, pin } = hsm
  const source = () => {
    if (pinFile === null) return { pin: pin ?? '', stamp: '' }
    const text = readFileSync(pinFile, 'utf8').replace(/\r?\n$/, '')
    return { pin: text, stamp: `${statSync(pinFile).mtimeMs} ${text}` }
  }
  return new HsmKeystore({ ...hsm, pin: source, tag }, keys, usage, (message) => alarm('managed HSM', message))
}

async function hsmTag(ledger: Ledger, now: number): Promise<string> {
  for (;;) {
    const record = await ledger.get(HSM_TAG, INSTALLATION, HSM_TAG.name)
    if (record) return record.body.tag
    const body = { tag: randomBytes(8).toString('hex') }
    const change = insert(HSM_TAG, { ...INSTALLATION, id: HSM_TAG.name, createdAt: now, body })
    await ledger.commit({ changes: [change], nonce: null, event: null })
  }
}
