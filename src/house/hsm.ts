// The configured HSM: the connection to its tokens, the key store in them, and the tag that names this database's objects.
import { readFileSync, statSync } from 'node:fs'
import { HsmKeystore } from '../keystore/pkcs11/hsm.ts'
import { Supervisor } from '../keystore/pkcs11/supervisor.ts'
import type { RootKeys } from '../keystore/root-keys.ts'
import type { KeyUsage } from '../kms/key-usage.ts'
import type { Alarm } from '../ledger/alarm.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { INSTALLATION, insert, type Kind } from '../ledger/record.ts'
import type { Randomness } from '../runtime/runtime.ts'
import type { HsmSettings } from '../settings/hsm.ts'

/** The share of a call's timeout for which the library may be silent before it counts as hung. */
const PATIENCE = 0.75

/** The connection to the device, which all its users share. The first use opens it. */
export function deviceOf(
  { module, parameters, tokens, sessions, pinFile, pin, environment, timeoutMs, keyTimeoutMs }: HsmSettings,
  alarm: Alarm,
  notice: (message: string) => void,
): Supervisor {
  let isWarned = false
  const source = () => {
    if (pinFile === null && pin === null) throw new Error('set hsm-pin-file or STRONGROOM_HSM_PIN')
    if (pinFile === null) return { pin: pin ?? '', stamp: '' }
    const text = readFileSync(pinFile, 'utf8').replace(/\r?\n$/, '')
    const { mtimeMs, mode } = statSync(pinFile)
    if ((mode & 0o077) !== 0 && !isWarned)
      alarm('managed HSM', `users other than its owner can read the PIN: \`chmod 600 ${pinFile}\``)
    isWarned ||= (mode & 0o077) !== 0
    return { pin: text, stamp: `${mtimeMs} ${text}` }
  }
  return new Supervisor({
    opening: { module, parameters, tokens, sessions },
    pin: source,
    environment,
    patienceMs: timeoutMs * PATIENCE,
    retireMs: keyTimeoutMs,
    report: (message) => alarm('managed HSM', message),
    recovered: () => notice('the HSM serves again'),
  })
}

/** The key store in the device. */
export async function hsmKeystoreOf(
  device: Supervisor,
  { timeoutMs, keyTimeoutMs }: HsmSettings,
  {
    ledger,
    keys,
    usage,
    runtime,
  }: { readonly ledger: Ledger; readonly keys: RootKeys; readonly usage: KeyUsage; readonly runtime: Randomness },
  alarm: Alarm,
  now: number,
): Promise<HsmKeystore> {
  const tag = await hsmTag(ledger, now, runtime)
  const setup = { timeoutMs, keyTimeoutMs, tag }
  return new HsmKeystore(device, setup, keys, usage, (message) => alarm('managed HSM', message))
}

/** The names of objects in an HSM begin with the tag of their database, so that several installations can share a token. */
const HSM_TAG: Kind<{ readonly tag: string }> = { name: 'hsm-tag', counted: false }

/** The insertion of a new tag. */
export function newHsmTag(now: number, random: Pick<Randomness, 'randomBytes'>) {
  const body = { tag: random.randomBytes(8).toString('hex') }
  return insert(HSM_TAG, { ...INSTALLATION, id: HSM_TAG.name, createdAt: now, body })
}

async function hsmTag(ledger: Ledger, now: number, random: Randomness): Promise<string> {
  for (;;) {
    const record = await ledger.get(HSM_TAG, INSTALLATION, HSM_TAG.name)
    if (record) return record.body.tag
    await ledger.commit({ changes: [newHsmTag(now, random)], nonce: null, event: null })
  }
}
