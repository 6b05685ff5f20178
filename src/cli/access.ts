// `strongroom ram explain|who-can`: evaluates policies with the service's own engine, on the database itself.

import { answerTo, oddities, type Question, type Rooms } from '../access/answer.ts'
import { callerOf } from '../access/principals.ts'
import { whoCan } from '../access/who-can.ts'
import { parseArn } from '../api/arn.ts'
import type { Open, OpenHouse } from '../house/open.ts'
import { conditionKey } from '../ram/policy/condition-key.ts'
import { SYSTEM } from '../runtime/system.ts'
import { type Flags, readFlags } from '../settings/flags.ts'
import { SETTING_FLAGS, settingsFrom } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import { printsHelp } from './help.ts'
import type { Surroundings } from './surroundings.ts'
import { inHouse } from './verb.ts'

type AllRooms = Rooms & Pick<OpenHouse, 'accounts'>

const USAGE = `usage: strongroom ram explain --principal ARN --action ACTION --resource ARN [--context KEY=VALUE …] [--data DIR] …
       strongroom ram who-can --action ACTION --resource ARN [--context KEY=VALUE …] [--data DIR] …

explain prints whether the principal (acs:ram::ACCOUNT:user/NAME or …:role/NAME) may perform the action, and the statements
that match. who-can lists the users and roles of the resource's account that may perform it; the account itself always may.
Both decide as the service does, on the resources that the call would find, and warn if the answer is incomplete.
--context sets a condition key of the request, such as acs:SourceIp=192.0.2.7 or acs:SecureTransport=true. The tags of an
existing key come from the key, unless --context kms:tag/NAME=VALUE replaces them.
Further flags are those of \`strongroom serve\`.`

const OWN = { principal: 'value', action: 'value', resource: 'value', context: 'list' } as const

/** Runs the verb; returns the exit code: of explain 0 for allowed and 1 for denied. Throws UsageError. */
export async function access(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  const [verb, ...rest] = args
  if (printsHelp(args, USAGE, around)) return 0
  const flags = readFlags(rest, { ...SETTING_FLAGS, ...OWN }, 'ram explain')
  const facts = {
    now: SYSTEM.now(),
    secureTransport: false,
    sourceAddress: '',
    requestTags: [],
    further: contextOf(flags),
  }
  const question = { action: flags.must('action', USAGE), arn: flags.must('resource', USAGE), facts }
  const settings = settingsFrom(flags, around.env, around.readFile)
  const warn = (warnings: Iterable<string>) => {
    for (const warning of new Set(warnings)) around.complain(`warning: ${warning}`)
  }
  return inHouse(settings, open, around, async (house) => {
    const rooms = { ...house, ledger: house.ledger.view(), settings }
    if (verb === 'who-can') {
      const { account = '' } = parseArn(question.arn) ?? {}
      if (!(await house.accounts.exists(account)))
        throw new UsageError(
          `there is no account \`${account}\`: \`--resource\` must be a full ARN of an account's resource`,
        )
      const { may, warnings } = await whoCan(account, question, rooms)
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

/** Further facts of the request, by condition key. */
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
  const caller = await callerOf(principal, rooms)
  if (!caller)
    throw new UsageError(`there is no principal \`${principal}\`: it must be acs:ram::ACCOUNT:user/NAME or …:role/NAME`)
  const { warnings, ...answer } = await answerTo(caller, question, rooms)
  return { principal, action, resource: arn, ...answer, warnings: [...oddities(question), ...warnings] }
}
