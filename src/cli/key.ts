// `strongroom key usage`: prints how many messages each key version has encrypted, against the bound of its cipher.
import type { Open } from '../house/open.ts'
import { safeMessages } from '../keystore/key-spec.ts'
import { CMK } from '../kms/records.ts'
import { readFlags } from '../settings/flags.ts'
import { SETTING_FLAGS, settingsFrom } from '../settings/settings.ts'
import { printsHelp } from './help.ts'
import type { Surroundings } from './surroundings.ts'
import { inHouse, unknownVerb } from './verb.ts'

const USAGE = `usage: strongroom key usage [--key-id ID] [--data DIR] [--database URL] …

Prints how many messages each key version has encrypted, and how many are safe. For HSM keys and SM4 keys it prints the reserved
uses, which are at least as many. A server writes the uses of other keys once a minute and when it stops: a crash may lose the uses
of the last minute.
Further flags are those of \`strongroom serve\`.`

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function key(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  const [verb, ...rest] = args
  if (printsHelp(args, USAGE, around)) return 0
  if (verb !== 'usage') throw unknownVerb('key', verb ?? '', ['usage'], USAGE)
  const flags = readFlags(rest, { ...SETTING_FLAGS, 'key-id': 'value' }, 'key')
  const settings = settingsFrom(flags, around.env, around.readFile)
  const keyId = flags.get('key-id') ?? null
  return inHouse(settings, open, around, async ({ accounts, usage, ledger }) => {
    const regions = [...new Set([...settings.regions, ...settings.hsmRegions])]
    const found = []
    let exists = keyId === null
    for (const { id: account } of await accounts.list())
      for (const region of regions) {
        exists ||= keyId !== null && (await ledger.get(CMK, { account, region }, keyId)) !== null
        found.push(...(await usage.list({ account, region }, keyId)))
      }
    if (!exists) throw new Error(`no account has a CMK with the ID \`${keyId}\` in the regions ${regions.join(', ')}`)
    const rows = found.map((version) => ({ ...version, safe: safeMessages(version) }))
    around.print(JSON.stringify(rows, null, 2))
    return 0
  })
}
