// `strongroom account …`: manages accounts, and the AccessKeys of accounts and services, on the database itself.
import { isoSeconds } from '../api/time.ts'
import type { Open, OpenHouse } from '../house/open.ts'
import { newCredentials } from '../ram/account.ts'
import { isServiceName } from '../ram/service-name.ts'
import { SYSTEM } from '../runtime/system.ts'
import { type Flags, readFlags, wordsFirst } from '../settings/flags.ts'
import { SETTING_FLAGS, type Settings, settingsFrom } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import { printsHelp } from './help.ts'
import type { Surroundings } from './surroundings.ts'
import { inHouse, unknownVerb } from './verb.ts'

const USAGE = `usage: strongroom account create [--name NAME] [--account-id DIGITS] [--data DIR] [--database URL] …
       strongroom account list [--data DIR] …
       strongroom account key list HOLDER [--data DIR] …
       strongroom account key create HOLDER [--data DIR] …
       strongroom account key disable|enable|delete HOLDER ACCESSKEYID [--data DIR] …
       strongroom account service --name SERVICE [--data DIR] …

HOLDER is an account's 16 digits, or the name of a cloud service, such as ecs.aliyuncs.com. The AccessKey of a service may only
assume the roles that trust the service, and use the service's own key in each account; \`account service\` and \`account key create\`
create one. The command shows a secret only once, when it creates the AccessKey. Running servers on the same database serve a new
account at once, and apply each change of an AccessKey from the next call on. Role sessions that an AccessKey started continue:
delete the role, or wait for their end. To manage the AccessKeys of users, call \`strongroom ram UpdateAccessKey\` and similar
operations.
Further flags are those of \`strongroom serve\`.`

interface Asked {
  /** The words between the verb and the flags. */
  readonly words: readonly string[]
  readonly flags: Flags
  readonly settings: Settings
  readonly rooms: Pick<OpenHouse, 'accounts' | 'operatorKeys'>
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

/** The words that a verb takes, as the help names them. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  'key list': ['HOLDER'],
  'key create': ['HOLDER'],
  'key disable': ['HOLDER', 'ACCESSKEYID'],
  'key enable': ['HOLDER', 'ACCESSKEYID'],
  'key delete': ['HOLDER', 'ACCESSKEYID'],
}

/** What also works on an empty database, before the first start of a server. */
export const SETS_UP: readonly string[] = ['create', 'service']

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function account(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  if (printsHelp(args, USAGE, around)) return 0
  const [said, rest] = wordsFirst(args)
  const verbWords = said[0] === 'key' ? 2 : 1
  const verb = said.slice(0, verbWords).join(' ')
  const words = said.slice(verbWords)
  const work = Object.hasOwn(WORK, verb) ? WORK[verb] : undefined
  if (!work) throw unknownVerb('account', verb, Object.keys(WORK), USAGE)
  const taken = WORDS[verb] ?? []
  if (words.length !== taken.length)
    throw new UsageError(`\`account ${verb}\` takes ${taken.length > 0 ? taken.join(' ') : 'flags alone'}:\n${USAGE}`)
  const flags = readFlags(rest, { ...SETTING_FLAGS, name: 'value', 'account-id': 'value' }, 'account')
  const settings = settingsFrom(flags, around.env, around.readFile)
  return inHouse(settings, open, around, async (rooms) => {
    const print = (value: unknown) => around.print(JSON.stringify(value, null, 2))
    await work({ words, flags, settings, rooms, print, now: Date.now() })
    return 0
  })
}

const ACCOUNT_NAME = /^\P{C}{0,128}$/u

async function createAccount({ flags, rooms: { accounts }, print, now }: Asked): Promise<void> {
  const accountId = flags.get('account-id') ?? null
  const name = flags.get('name') ?? ''
  if (!ACCOUNT_NAME.test(name))
    throw new UsageError('`--name` must have at most 128 characters, and no control characters')
  if (accountId !== null && !/^\d{16}$/.test(accountId)) throw new UsageError('`--account-id` must be 16 digits')
  const credentials = newCredentials(SYSTEM, accountId)
  if (await accounts.exists(credentials.accountId))
    throw new UsageError(`the account ${credentials.accountId} exists already`)
  await accounts.provide(credentials, name, now)
  print(credentials)
}

async function createServiceKey(asked: Asked): Promise<void> {
  const service = asked.flags.get('name') ?? ''
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

/** The region of the events: the default region, because RAM has none. */
function regionOf({ regions }: Settings): string {
  return regions[0] ?? ''
}
