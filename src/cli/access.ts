// `strongroom ram explain|who-can`: asks the engine that decides requests, on the database itself.

import { parseArn } from '../api/arn.ts'
import type { Caller } from '../api/caller.ts'
import type { Accounts } from '../ram/account.ts'
import { conditionKey } from '../ram/policy/condition-key.ts'
import { afterName, ROLE, ramScope, USER, USER_NAME } from '../ram/records.ts'
import { readSettings, type Settings } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Storage } from '../storage/storage.ts'
import { answerTo, oddities, type Question, type Rooms } from './access-answer.ts'
import { callerOf, roleCaller, userCaller } from './access-principals.ts'
import type { Surroundings } from './surroundings.ts'

type Opened = Omit<Rooms, 'settings'> & { readonly storage: Storage; readonly accounts: Accounts }
type Open = (settings: Settings, alarm: (message: string, error: unknown) => void, now: number) => Promise<Opened>

const USAGE = `usage: strongroom ram explain --principal ARN --action ACTION --resource ARN [--context KEY=VALUE …] [--data DIR] …
       strongroom ram who-can --action ACTION --resource ARN [--context KEY=VALUE …] [--data DIR] …

explain prints whether the principal (acs:ram::ACCOUNT:user/NAME or …:role/NAME) may, and the statements that match.
who-can lists the users and roles of the resource's account that may; the account itself always may.
Both ask as the service does, on the resources that the call itself would find, and warn of what the answer leaves open.
--context sets what the request would say, such as acs:SourceIp=192.0.2.7 or acs:SecureTransport=true; the tags of a
key that exists are taken from the key, unless --context kms:tag/NAME=VALUE says otherwise.
Further flags are those of \`strongroom serve\`.`

/** Runs the verb; answers the exit code: explain answers 0 for allowed and 1 for denied. Throws UsageError. */
export async function access(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  const [verb, ...rest] = args
  if (rest.includes('--help')) {
    around.print(USAGE)
    return 0
  }
  const { own, context, others } = ownFlags(rest)
  const flag = (name: string) => {
    const value = own.get(name)
    if (value === undefined) throw new UsageError(`\`${name}\` is needed:\n${USAGE}`)
    return value
  }
  const [action, arn] = [flag('--action'), flag('--resource')]
  const settings = readSettings(others, around.env, around.readFile)
  const opened = await open(settings, (message, error) => around.complain(`${message}: ${error}`), Date.now())
  const rooms = { ...opened, settings }
  try {
    const question = { action, arn, further: context }
    const warn = (warnings: Iterable<string>) => {
      for (const warning of new Set(warnings)) around.complain(`warning: ${warning}`)
    }
    if (verb === 'who-can') {
      const { may, warnings } = await whoCan(question, rooms)
      warn(warnings)
      around.print(JSON.stringify(may, null, 2))
      return 0
    }
    const answer = await explain(flag('--principal'), question, rooms)
    warn(answer.warnings)
    around.print(JSON.stringify(answer, null, 2))
    return answer.decision === 'Allow' ? 0 : 1
  } finally {
    await opened.storage.close()
  }
}

function ownFlags(args: readonly string[]) {
  const own = new Map<string, string>()
  const context = new Map<string, string>()
  const others: string[] = []
  for (let i = 0; i < args.length; i++) {
    const flag = args[i] ?? ''
    if (!['--principal', '--action', '--resource', '--context'].includes(flag)) {
      others.push(flag)
      continue
    }
    const value = args[++i]
    if (value === undefined) throw new UsageError(`\`${flag}\` needs a value`)
    if (flag !== '--context') own.set(flag, value)
    else {
      const [, key = '', is] = /^([^=]+)=(.*)$/s.exec(value) ?? []
      if (is === undefined) throw new UsageError('`--context` must be KEY=VALUE, such as acs:SourceIp=192.0.2.7')
      context.set(conditionKey(key), is)
    }
  }
  return { own, context, others }
}

async function explain(principal: string, question: Question, rooms: Rooms & Pick<Opened, 'accounts'>) {
  const { action, arn } = question
  const { warnings, ...answer } = await answerTo(await callerOf(principal, rooms), question, rooms)
  return { principal, action, resource: arn, ...answer, warnings: [...oddities(question), ...warnings] }
}

const AT_ONCE = 1000

/** The ARNs of all principals of the resource's account that may, and what is to be said of the answer. */
async function whoCan(question: Question, rooms: Rooms & Pick<Opened, 'accounts'>) {
  const { account = '' } = parseArn(question.arn) ?? {}
  if (!(await rooms.accounts.exists(account)))
    throw new UsageError(
      `there is no account \`${account}\`: \`--resource\` must be a full ARN of an account's resource`,
    )
  const scope = ramScope(account)
  const may: string[] = []
  const warnings = new Set(oddities(question))
  const ask = async (caller: Caller, arn: string) => {
    const answer = await answerTo(caller, question, rooms)
    if (answer.decision === 'Allow') may.push(arn)
    for (const warning of answer.warnings) warnings.add(warning)
  }
  const root = `acs:ram::${account}:root`
  await ask(await callerOf(root, rooms), root)
  for (let last = ''; ; ) {
    const names = await rooms.ledger.between(USER_NAME, scope, afterName(last, AT_ONCE))
    for (const { body } of names) {
      const user = await rooms.ledger.get(USER, scope, body.id)
      if (user) await ask(userCaller(user), `acs:ram::${account}:user/${user.body.userName}`)
    }
    if (names.length < AT_ONCE) break
    last = names.at(-1)?.id ?? last
  }
  for (let last = ''; ; ) {
    const roles = await rooms.ledger.between(ROLE, scope, afterName(last, AT_ONCE))
    for (const role of roles) await ask(roleCaller(role), `acs:ram::${account}:role/${role.body.roleName}`)
    if (roles.length < AT_ONCE) return { may, warnings }
    last = roles.at(-1)?.id ?? last
  }
}
