// `strongroom account create|list`: accounts are made by the operator, on the database itself.
import type { Accounts } from '../ram/account.ts'
import { newCredentials } from '../ram/account.ts'
import type { Storage } from '../storage/storage.ts'
import { readSettings, type Settings } from './settings.ts'
import type { Surroundings } from './surroundings.ts'
import { UsageError } from './usage-error.ts'

type Open = (
  settings: Settings,
  alarm: (message: string, error: unknown) => void,
  now: number,
) => Promise<{ storage: Storage; accounts: Accounts }>

const USAGE = `usage: strongroom account create [--name NAME] [--account-id DIGITS] [--data DIR] [--database URL] …
       strongroom account service --name SERVICE [--data DIR] [--database URL] …
       strongroom account list [--data DIR] [--database URL] …

Further flags are those of \`strongroom serve\`. The AccessKey secret is shown this once.
\`account service\` makes an AccessKey for a cloud service, such as ecs.aliyuncs.com: it may assume the roles that trust it.
A server that runs on the same database serves the new account at once.`

/** Runs the verb; answers the exit code. Throws UsageError. */
export async function account(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  const [verb, ...rest] = args
  if (rest.includes('--help') || verb === '--help') {
    around.print(USAGE)
    return 0
  }
  if (verb !== 'create' && verb !== 'list' && verb !== 'service') throw new UsageError(`say what to do:\n${USAGE}`)
  const { own, others } = ownFlags(rest)
  const accountId = own.get('--account-id') ?? null
  if (accountId !== null && !/^\d{16}$/.test(accountId)) throw new UsageError('`--account-id` must be 16 digits')
  const settings = readSettings(others, around.env, around.readFile)
  const now = Date.now()
  const house = await open(settings, (message, error) => around.complain(`${message}: ${error}`), now)
  try {
    if (verb === 'list') {
      const accounts = await house.accounts.list()
      around.print(
        JSON.stringify(
          accounts.map(({ id, name }) => ({ accountId: id, name })),
          null,
          2,
        ),
      )
      return 0
    }
    if (verb === 'service') {
      const service = own.get('--name') ?? ''
      if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*\.aliyuncs\.com$/.test(service))
        throw new UsageError('`--name` must be the name of a service, such as ecs.aliyuncs.com')
      around.print(JSON.stringify({ service, ...(await house.accounts.provideService(service, now)) }, null, 2))
      return 0
    }
    const credentials = newCredentials(accountId)
    if (await house.accounts.exists(credentials.accountId))
      throw new UsageError(`the account ${credentials.accountId} exists already`)
    await house.accounts.provide(credentials, own.get('--name') ?? '', now)
    around.print(JSON.stringify(credentials, null, 2))
    return 0
  } finally {
    await house.storage.close()
  }
}

function ownFlags(args: readonly string[]) {
  const own = new Map<string, string>()
  const others: string[] = []
  for (let i = 0; i < args.length; i++) {
    const flag = args[i] ?? ''
    if (flag !== '--name' && flag !== '--account-id') {
      others.push(flag)
      continue
    }
    const value = args[++i]
    if (value === undefined) throw new UsageError(`\`${flag}\` needs a value`)
    own.set(flag, value)
  }
  return { own, others }
}
