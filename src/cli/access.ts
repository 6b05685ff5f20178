// `strongroom ram explain|who-can`: asks the engine that decides requests, on the database itself.
import { parseArn } from '../api/arn.ts'
import type { Caller } from '../api/caller.ts'
import type { Open, OpenHouse } from '../house/open.ts'
import { conditionKey } from '../ram/policy/condition-key.ts'
import { afterName, ROLE, ramScope, USER, USER_NAME } from '../ram/records.ts'
import { type Flags, readFlags } from '../settings/flags.ts'
import { SETTING_FLAGS, settingsFrom } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import { answerTo, oddities, type Question, type Rooms } from './access-answer.ts'
import { callerOf, roleCaller, userCaller } from './access-principals.ts'
import type { Surroundings } from './surroundings.ts'
import { inHouse } from './verb.ts'

type AllRooms = Rooms & Pick<OpenHouse, 'accounts'>

const USAGE = `usage: strongroom ram explain --principal ARN --action ACTION --resource ARN [--context KEY=VALUE …] [--data DIR] …
       strongroom ram who-can --action ACTION --resource ARN [--context KEY=VALUE …] [--data DIR] …

explain prints whether the principal (acs:ram::ACCOUNT:user/NAME or …:role/NAME) may perform the action, and the statements
that match. who-can lists the users and roles of the resource's account that may; the account itself always may.
Both decide as the service does, on the resources that the call would find, and warn about what the answer leaves open.
--context sets what the request would say, such as acs:SourceIp=192.0.2.7 or acs:SecureTransport=true. The tags of an
existing key come from the key, unless --context kms:tag/NAME=VALUE replaces them.
Further flags are those of \`strongroom serve\`.`

const OWN = { principal: 'value', action: 'value', resource: 'value', context: 'list' } as const

/** Runs the verb; returns the exit code, of explain 0 for allowed and 1 for denied. Throws UsageError. */
export async function access(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  const [verb, ...rest] = args
  if (rest.includes('--help')) {
    around.print(USAGE)
    return 0
  }
  const flags = readFlags(rest, { ...SETTING_FLAGS, ...OWN }, 'ram explain')
  const further = contextOf(flags)
  const question = { action: flags.must('action', USAGE), arn: flags.must('resource', USAGE), further }
  const settings = settingsFrom(flags, around.env, around.readFile)
  const warn = (warnings: Iterable<string>) => {
    for (const warning of new Set(warnings)) around.complain(`warning: ${warning}`)
  }
  return inHouse(settings, open, around, async (house) => {
    const rooms = { ...house, settings }
    if (verb === 'who-can') {
      const { may, warnings } = await whoCan(question, rooms)
      warn(warnings)
      around.print(JSON.stringify(may, null, 2))
      return 0
    }
    const answer = await explain(flags.must('principal', USAGE), question, rooms)
    warn(answer.warnings)
    around.print(JSON.stringify(answer, null, 2))
    return answer.decision === 'Allow' ? 0 : 1
  })
}

/** What the request would say besides, by condition key. */
function contextOf(flags: Flags): ReadonlyMap<string, string> {
  return new Map(
    flags.all('context').map((text) => {
      const [, key = '', value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
      if (value === undefined) throw new UsageError('`--context` must be KEY=VALUE, such as acs:SourceIp=192.0.2.7')
      return [conditionKey(key), value] as const
    }),
  )
}

async function explain(principal: string, question: Question, rooms: AllRooms) {
  const { action, arn } = question
  const { warnings, ...answer } = await answerTo(await callerOf(principal, rooms), question, rooms)
  return { principal, action, resource: arn, ...answer, warnings: [...oddities(question), ...warnings] }
}

const AT_ONCE = 1000

/** The ARNs of all principals of the resource's account that may, and warnings about what the answer leaves open. */
async function whoCan(question: Question, rooms: AllRooms) {
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
