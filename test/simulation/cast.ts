// Whom and what every run is about: an account with two AccessKeys, a user in reach of a policy, keys, aliases and a secret. It is set up once, by
// calls, and each run begins with a copy.
import { newCredentials } from '../../src/ram/account.ts'
import { Database } from './database.ts'
import { NO_FAULTS } from './faults.ts'
import type { Caller, State } from './model.ts'
import { type Credentials, signed } from './requests.ts'
import { BEGINNING } from './runtime.ts'
import { World } from './world.ts'

export interface Cast {
  readonly database: Database
  readonly account: string
  readonly credentials: Readonly<Record<Caller, Credentials>>
  readonly keys: readonly string[]
  readonly aliases: readonly string[]
  /** How all of it is at the beginning. */
  readonly initial: State
}

export const USER = 'alice'
export const GROUP = 'team'
export const POLICY = 'keys'
export const ALIASES = ['alias/one', 'alias/two']
export const SECRET = 'database'
export const FIRST_VERSION = 'first'
const KEYS = 3

const document = (...actions: string[]) =>
  JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] })

let made: Promise<Cast> | null = null

/** The cast; the same for all runs of a process, and in all processes. */
export function cast(): Promise<Cast> {
  made ??= setUp()
  return made
}

async function setUp(): Promise<Cast> {
  const database = new Database()
  const world = new World({ seed: 0, mode: 'embedded', faults: NO_FAULTS, plant: null, database })
  let result: Omit<Cast, 'database'> | null = null
  const story = async () => {
    result = await made_by_calls(world)
  }
  await world.scheduler.run(story(), () => {}, 100_000)
  if (!result) throw new Error('the cast was not set up')
  return { ...(result as Omit<Cast, 'database'>), database }
}

async function made_by_calls(world: World): Promise<Omit<Cast, 'database'>> {
  const server = await world.start(0)
  const { rooms, process } = server
  const root = newCredentials(process.runtime)
  await rooms.accounts.provide(root, 'root', process.runtime.now())
  let calls = 0
  // biome-ignore lint/suspicious/noExplicitAny: each answer has the shape that its use asserts
  const call = async (action: string, parameters: Record<string, string>): Promise<any> => {
    const request = signed(action, parameters, root, `set-up-${calls++}`, BEGINNING + world.scheduler.now)
    const { status, body } = await server.answer(request)
    if (status !== 200) throw new Error(`${action}: ${body}`)
    return JSON.parse(body)
  }
  const keys: string[] = []
  for (let i = 0; i < KEYS; i++) keys.push((await call('CreateKey', { Description: `d${i}` })).KeyMetadata.KeyId)
  for (const [i, AliasName] of ALIASES.entries()) await call('CreateAlias', { AliasName, KeyId: keys[i] ?? '' })
  const version = { VersionId: FIRST_VERSION, SecretData: FIRST_VERSION }
  await call('CreateSecret', { SecretName: SECRET, ...version, EncryptionKeyId: keys[0] ?? '' })
  await call('CreateUser', { UserName: USER })
  await call('CreateGroup', { GroupName: GROUP })
  await call('CreatePolicy', { PolicyName: POLICY, PolicyDocument: document('kms:*', 'ram:*') })
  await call('CreatePolicyVersion', {
    PolicyName: POLICY,
    PolicyDocument: document('kms:ListKeys'),
    SetAsDefault: 'false',
  })
  const policy = { PolicyName: POLICY, PolicyType: 'Custom' }
  await call('AttachPolicyToUser', { ...policy, UserName: USER })
  await call('AttachPolicyToGroup', { ...policy, GroupName: GROUP })
  const made = async (parameters: Record<string, string>): Promise<Credentials> => {
    const { AccessKeyId, AccessKeySecret } = (await call('CreateAccessKey', parameters)).AccessKey
    return { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret }
  }
  const credentials = { root, second: await made({}), user: await made({ UserName: USER }) }
  world.kill(0)
  return {
    account: root.accountId,
    credentials,
    keys,
    aliases: ALIASES,
    initial: {
      keys: keys.map((_, i) => ({ state: 'Enabled', description: `d${i}` })),
      aliases: ALIASES.map((_, i) => i),
      secret: { versions: [FIRST_VERSION], current: FIRST_VERSION, previous: null, isPlanned: false },
      userActive: true,
      secondActive: true,
      attached: true,
      member: false,
      allows: true,
    },
  }
}
