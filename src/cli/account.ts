// `strongroom account …`: accounts, and the AccessKeys of accounts and services, as the operator manages them on the database itself.

import { isoSeconds } from '../api/time.ts'
import type { Accounts } from '../ram/account.ts'
import { newCredentials } from '../ram/account.ts'
import type { OperatorKeys } from '../ram/operator-keys.ts'
import { isServiceName } from '../ram/service-name.ts'
import { unknownVerb } from '../settings/nearest.ts'
import { readSettings, type Settings } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Storage } from '../storage/storage.ts'
import type { Surroundings } from './surroundings.ts'

interface Rooms {
  readonly storage: Storage
  readonly accounts: Accounts
  readonly operatorKeys: OperatorKeys
}
type Open = (settings: Settings, alarm: (message: string, error: unknown) => void, now: number) => Promise<Rooms>

const USAGE = `usage: strongroom account create [--name NAME] [--account-id DIGITS] [--data DIR] [--database URL] …
       strongroom account list [--data DIR] …
       strongroom account key list HOLDER [--data DIR] …
       strongroom account key create HOLDER [--data DIR] …
       strongroom account key disable|enable|delete HOLDER ACCESSKEYID [--data DIR] …
       strongroom account service --name SERVICE [--data DIR] …

HOLDER is an account's 16 digits, or the name of a cloud service, such as ecs.aliyuncs.com: a service's AccessKey may assume the
roles that trust it, and \`account service\` makes one, as \`account key create\` does. A secret is shown this once.
A server that runs on the same database serves a new account at once, refuses an AccessKey that was disabled or deleted from that
moment on, and takes one that was enabled within a second. Sessions of roles that it began go on: delete the role, or wait for their end. AccessKeys of users are managed with
\`strongroom ram UpdateAccessKey\` and its like.
Further flags are those of \`strongroom serve\`.`

interface Asked {
  /** What is said without flags, in order. */
  readonly words: readonly string[]
  readonly own: ReadonlyMap<string, string>
  readonly settings: Settings
  readonly rooms: Rooms
  readonly print: (value: unknown) => void
  readonly now: number
}

const WORK: Readonly<Record<string, (asked: Asked) => Promise<void>>> = {
  create: createAccount,
  list: async ({ rooms, print }) =>
    print((await rooms.accounts.list()).map(({ id, name }) => ({ accountId: id, name }))),
  service: createServiceKey,
  'key list': listKeys,
  'key create': createKey,
  'key disable': (asked) => setStatus('Inactive', asked),
  'key enable': (asked) => setStatus('Active', asked),
  'key delete': deleteKey,
}

/** How many words each verb takes after its own. */
const WORDS: Readonly<Record<string, number>> = {
  'key list': 1,
  'key create': 1,
  'key disable': 2,
  'key enable': 2,
  'key delete': 2,
}

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function account(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  if (args.includes('--help')) {
    around.print(USAGE)
    return 0
  }
  const { said, own, others } = split(args)
  const verbWords = said[0] === 'key' ? 2 : 1
  const verb = said.slice(0, verbWords).join(' ')
  const words = said.slice(verbWords)
  const work = Object.hasOwn(WORK, verb) ? WORK[verb] : undefined
  if (!work) throw unknownVerb('account', verb, Object.keys(WORK), USAGE)
  if (words.length !== (WORDS[verb] ?? 0)) throw new UsageError(`say what to do:\n${USAGE}`)
  const settings = readSettings(others, around.env, around.readFile)
  const now = Date.now()
  const alarm = (message: string, error: unknown) => around.complain(`${message}: ${error}`)
  const rooms = await open(settings, alarm, now)
  try {
    const print = (value: unknown) => around.print(JSON.stringify(value, null, 2))
    await work({ words, own, settings, rooms, print, now })
    return 0
  } finally {
    await rooms.storage.close()
  }
}

async function createAccount({ own, rooms: { accounts }, print, now }: Asked): Promise<void> {
  const accountId = own.get('--account-id') ?? null
  if (accountId !== null && !/^\d{16}$/.test(accountId)) throw new UsageError('`--account-id` must be 16 digits')
  const credentials = newCredentials(accountId)
  if (await accounts.exists(credentials.accountId))
    throw new UsageError(`the account ${credentials.accountId} exists already`)
  await accounts.provide(credentials, own.get('--name') ?? '', now)
  print(credentials)
}

async function createServiceKey(asked: Asked): Promise<void> {
  const service = asked.own.get('--name') ?? ''
  if (!isServiceName(service)) throw new UsageError('`--name` must be the name of a service, such as ecs.aliyuncs.com')
  asked.print({ service, ...(await newKey(service, asked)) })
}

async function createKey(asked: Asked): Promise<void> {
  const [holder = ''] = asked.words
  asked.print(await newKey(holder, asked))
}

function newKey(holder: string, { rooms, settings, now }: Asked) {
  return rooms.operatorKeys.create(holder, settings.quotas['max-access-keys-per-user'], regionOf(settings), now)
}

async function listKeys({ words: [holder = ''], rooms: { operatorKeys }, print }: Asked): Promise<void> {
  const keys = await operatorKeys.list(holder)
  print(
    keys.map(({ id, body, createdAt }) => ({
      accessKeyId: id,
      status: body.status,
      createDate: isoSeconds(createdAt),
    })),
  )
}

async function setStatus(
  status: 'Active' | 'Inactive',
  { words: [holder = '', id = ''], rooms: { operatorKeys }, settings, print, now }: Asked,
): Promise<void> {
  await operatorKeys.setStatus(holder, id, status, regionOf(settings), now)
  print({ accessKeyId: id, status })
}

async function deleteKey({ words: [holder = '', id = ''], rooms, settings, print, now }: Asked): Promise<void> {
  await rooms.operatorKeys.delete(holder, id, regionOf(settings), now)
  print({ accessKeyId: id, status: 'Deleted' })
}

/** Where an account's event of this is: in the default region, as RAM has none. */
function regionOf({ regions }: Settings): string {
  return regions[0] ?? ''
}

function split(args: readonly string[]) {
  const said: string[] = []
  const own = new Map<string, string>()
  const others: string[] = []
  for (let i = 0; i < args.length; i++) {
    const flag = args[i] ?? ''
    // Words come before flags: what follows a flag may be its value.
    if (!flag.startsWith('--') && own.size === 0 && others.length === 0) said.push(flag)
    else if (flag !== '--name' && flag !== '--account-id') others.push(flag)
    else {
      const value = args[++i]
      if (value === undefined) throw new UsageError(`\`${flag}\` needs a value`)
      own.set(flag, value)
    }
  }
  return { said, own, others }
}
