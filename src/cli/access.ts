// `strongroom ram explain|who-can`: asks the engine that decides requests, on the database itself.

import { parseArn } from '../api/arn.ts'
import type { Caller, SessionCaller } from '../api/caller.ts'
import type { Denial } from '../api/errors.ts'
import type { Resource } from '../api/operation.ts'
import { products } from '../gateway/products.ts'
import { CMK } from '../kms/records.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Accounts } from '../ram/account.ts'
import { type AccessRequest, type Authorizer, denialOf } from '../ram/authorize.ts'
import { conditionValues } from '../ram/conditions.ts'
import { roleByName, userByName } from '../ram/find.ts'
import { conditionKey } from '../ram/policy/condition-key.ts'
import { afterName, ROLE, type Role, ramScope, USER, USER_NAME, type User } from '../ram/records.ts'
import type { Storage } from '../storage/storage.ts'
import { readSettings, type Settings } from './settings.ts'
import type { Surroundings } from './surroundings.ts'
import { UsageError } from './usage-error.ts'

interface Rooms {
  readonly storage: Storage
  readonly ledger: Ledger
  readonly accounts: Accounts
  readonly authorizer: Authorizer
}
type Open = (settings: Settings, alarm: (message: string, error: unknown) => void, now: number) => Promise<Rooms>

const USAGE = `usage: strongroom ram explain --principal ARN --action ACTION --resource ARN [--context KEY=VALUE …] [--data DIR] …
       strongroom ram who-can --action ACTION --resource ARN [--context KEY=VALUE …] [--data DIR] …

explain prints whether the principal (acs:ram::ACCOUNT:user/NAME or …:role/NAME) may, and the statements that match.
who-can lists the users and roles of the resource's account that may; the account itself always may.
--context sets what the request would say, such as acs:SourceIp=192.0.2.7 or acs:SecureTransport=true; the tags of a
key that exists are taken from the key, unless --context kms:tag/NAME=VALUE says otherwise.
Further flags are those of \`strongroom serve\`.`

/** What is asked. */
interface Question {
  readonly action: string
  readonly resource: Resource
  readonly further: ReadonlyMap<string, string>
}

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
  const rooms = await open(settings, (message, error) => around.complain(`${message}: ${error}`), Date.now())
  try {
    const question = { action, resource: await resourceOf(arn, rooms), further: context }
    if (verb === 'who-can') {
      around.print(JSON.stringify(await whoCan(question, rooms), null, 2))
      return 0
    }
    const answer = await explain(flag('--principal'), question, rooms)
    around.print(JSON.stringify(answer, null, 2))
    return answer.decision === 'Allow' ? 0 : 1
  } finally {
    await rooms.storage.close()
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

/** The resource with the tags it has, where it is a key or a role that exists. */
async function resourceOf(arn: string, { ledger }: Rooms): Promise<Resource> {
  const { service, region = '', account = '', resource = '' } = parseArn(arn) ?? {}
  if (service === 'kms' && resource.startsWith('key/')) {
    const key = await ledger.get(CMK, { account, region }, resource.slice('key/'.length))
    return { type: '', name: '', arn, tags: key?.body.tags ?? [] }
  }
  const role = await roleOf(arn, ledger)
  return { type: '', name: '', arn, tags: role?.body.tags ?? [] }
}

async function roleOf(arn: string, ledger: Ledger): Promise<Role | null> {
  const { service, account = '', resource = '' } = parseArn(arn) ?? {}
  if (service !== 'ram' || !resource.startsWith('role/')) return null
  return roleByName(resource.slice('role/'.length), { ledger, caller: { accountId: account } })
}

function requestOf(caller: Caller, { action, resource, further }: Question): AccessRequest {
  const [, service = '', name = ''] = /^([^:]*):(.*)$/.exec(action) ?? []
  const operation = products.find((one) => one.name.toLowerCase() === service.toLowerCase())?.operations.get(name)
  const facts = { now: Date.now(), secureTransport: false, sourceAddress: '', requestTags: [], further }
  return { caller, action, resources: [resource], facts, selfService: operation?.selfService }
}

/** Why the caller may not, or null; for sts:AssumeRole the trust policy of the role is asked as well. */
async function denialFor(caller: Caller, question: Question, rooms: Rooms): Promise<Denial | null> {
  const request = requestOf(caller, question)
  const denial = await rooms.authorizer.denial(request)
  if (denial || question.action.toLowerCase() !== 'sts:assumerole') return denial
  if (caller.type === 'root-account')
    return denialOf(request, question.resource.arn, 'TrustPolicy', { decision: 'ImplicitDeny', by: null })
  const role = await roleOf(question.resource.arn, rooms.ledger)
  return role && rooms.authorizer.trustDenial(role, question.resource.arn, caller, request.facts)
}

async function explain(principal: string, question: Question, rooms: Rooms) {
  const caller = await callerOf(principal, rooms)
  const { action, resource } = question
  const denial = await denialFor(caller, question, rooms)
  const permissions = await rooms.authorizer.permissions(caller)
  const values = conditionValues(requestOf(caller, question).facts, caller, resource.tags ?? [])
  const statements = permissions?.sets.flatMap(({ set }) => set.matching(action, resource.arn, values)) ?? []
  return {
    principal,
    action,
    resource: resource.arn,
    decision: denial === null ? 'Allow' : denial.type,
    reason: reasonOf(caller, denial),
    statements,
  }
}

function reasonOf(caller: Caller, denial: Denial | null): string {
  if (caller.type === 'root-account')
    return denial ? 'The account itself can not assume roles.' : 'The account may do everything with its own resources.'
  if (denial === null) return 'A statement allows it and none denies it.'
  const by = denial.policyType === 'TrustPolicy' ? "the role's trust policy" : "the principal's policies"
  return denial.type === 'ExplicitDeny' ? `A statement of ${by} denies it.` : `No statement of ${by} allows it.`
}

async function callerOf(principal: string, rooms: Rooms): Promise<Caller> {
  const [, accountId = '', kind, name = ''] = /^acs:ram:\*?:(\d+):(root|user\/|role\/)(.*)$/.exec(principal) ?? []
  const context = { ledger: rooms.ledger, caller: { accountId } }
  if (kind === 'root' && (await rooms.accounts.exists(accountId)))
    return { type: 'root-account', accountId, principalId: accountId, userName: 'root', accessKeyId: '' }
  const user = kind === 'user/' ? await userByName(name, context) : null
  if (user) return userCaller(user)
  const role = kind === 'role/' ? await roleByName(name, context) : null
  if (role) return roleCaller(role)
  throw new UsageError(`there is no principal \`${principal}\`: it must be acs:ram::ACCOUNT:user/NAME or …:role/NAME`)
}

function userCaller({ account, id, body }: User): Caller {
  return { type: 'ram-user', accountId: account, principalId: id, userName: body.userName, accessKeyId: '' }
}

function roleCaller({ account, body }: Role): SessionCaller {
  const { roleId, roleName } = body
  return {
    type: 'assumed-role',
    accountId: account,
    principalId: `${roleId}:session`,
    userName: `${roleName}:session`,
    accessKeyId: '',
    roleId,
    roleName,
    sessionName: 'session',
    sessionPolicy: null,
    startedAt: 0,
    invokedBy: null,
  }
}

const AT_ONCE = 1000

/** The ARNs of all principals of the resource's account that may. */
async function whoCan(question: Question, rooms: Rooms): Promise<string[]> {
  const { account = '' } = parseArn(question.resource.arn) ?? {}
  if (!(await rooms.accounts.exists(account)))
    throw new UsageError(
      `there is no account \`${account}\`: \`--resource\` must be a full ARN of an account's resource`,
    )
  const scope = ramScope(account)
  const may: string[] = []
  const ask = async (caller: Caller, arn: string) => {
    if ((await denialFor(caller, question, rooms)) === null) may.push(arn)
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
    if (roles.length < AT_ONCE) return may
    last = roles.at(-1)?.id ?? last
  }
}
