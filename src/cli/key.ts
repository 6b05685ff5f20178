// `strongroom key usage`: how many messages each key version has encrypted, against the bound of its construction.
import { BOUNDS, type KeyUsage } from '../kms/key-usage.ts'
import type { Accounts } from '../ram/account.ts'
import { unknownVerb } from '../settings/nearest.ts'
import { readSettings, type Settings } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Storage } from '../storage/storage.ts'
import type { Surroundings } from './surroundings.ts'

type Open = (
  settings: Settings,
  alarm: (message: string, error: unknown) => void,
  now: number,
) => Promise<{ storage: Storage; accounts: Accounts; usage: KeyUsage }>

const USAGE = `usage: strongroom key usage [--key-id ID] [--data DIR] [--database URL] …

Shows how many messages each key version has encrypted, and how many are safe. Of keys in an HSM it shows the uses that are
reserved, which is never less. Uses of software keys are written once a minute and at the end: a crash may lose that much.
Further flags are those of \`strongroom serve\`.`

/** Runs the verb; answers the exit code. Throws UsageError. */
export async function key(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  const [verb, ...rest] = args
  if (verb === '--help' || rest.includes('--help')) {
    around.print(USAGE)
    return 0
  }
  if (verb !== 'usage') throw unknownVerb('key', verb ?? '', ['usage'], USAGE)
  const at = rest.indexOf('--key-id')
  const keyId = at === -1 ? null : rest[at + 1]
  if (keyId === undefined) throw new UsageError('`--key-id` needs a value')
  const others = at === -1 ? rest : rest.toSpliced(at, 2)
  const settings = readSettings(others, around.env, around.readFile)
  const house = await open(settings, (message, error) => around.complain(`${message}: ${error}`), Date.now())
  try {
    const regions = [...new Set([...settings.regions, ...settings.hsmRegions])]
    const found = []
    for (const { id: account } of await house.accounts.list())
      for (const region of regions) found.push(...(await house.usage.list({ account, region }, keyId)))
    const rows = found.map((one) => ({ ...one, safe: BOUNDS[one.protectionLevel] }))
    around.print(JSON.stringify(rows, null, 2))
    return 0
  } finally {
    await house.storage.close()
  }
}
