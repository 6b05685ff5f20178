// Histories of who may do what: policies, groups, tags and AccessKeys of users.
import { type Ask, type Pair, RAM, type Subject, shown, tag } from './ask.ts'
import type { Setup } from './setup.ts'

/** A user whose policies, group, AccessKey and key decide whether it may encrypt. */
export async function access({ must, unique, user }: Setup): Promise<Subject> {
  const { KeyId } = (await must('CreateKey')).KeyMetadata
  await must('TagResource', { KeyId, Tags: tag('color', 'red') })
  const credentials = await user(`user-${unique}`, [])
  const UserName = `user-${unique}`
  const GroupName = `group-${unique}`
  await must('CreateGroup', { Version: RAM, GroupName })
  const full = (policy: string) => `${policy}-${unique}`
  const use = { Effect: 'Allow', Action: 'kms:Encrypt', Resource: '*' }
  const red = { StringEquals: { 'kms:tag/color': 'red' } }
  for (const [name, statement] of Object.entries({
    allow: use,
    red: { ...use, Condition: red },
    deny: { ...use, Effect: 'Deny' },
  }))
    await must('CreatePolicy', { Version: RAM, PolicyName: full(name), PolicyDocument: policy([statement]) })
  await must('CreatePolicyVersion', {
    Version: RAM,
    PolicyName: full('allow'),
    PolicyDocument: policy([{ Effect: 'Allow', Action: 'kms:ListKeys', Resource: '*' }]),
  })
  const custom = (name: string) => ({ Version: RAM, PolicyType: 'Custom', PolicyName: full(name) })
  const encrypt = (): Ask => ({ call: 'Encrypt', parameters: { KeyId, Plaintext: 'x' }, as: 'user', credentials })
  return {
    about: `the user ${UserName} and the key ${KeyId}`,
    next: (pick) => {
      const which = pick(['allow', 'allow', 'red', 'deny'])
      return pick<() => Ask>([
        ...Array(6).fill(encrypt),
        () => ({
          call: pick(['AttachPolicyToUser', 'DetachPolicyFromUser']),
          args: [which],
          parameters: { ...custom(which), UserName },
        }),
        () => ({ call: 'DetachPolicyFromUser', args: ['deny'], parameters: { ...custom('deny'), UserName } }),
        () => ({
          call: pick(['AttachPolicyToGroup', 'DetachPolicyFromGroup']),
          parameters: { ...custom('allow'), GroupName },
        }),
        () => ({
          call: pick(['AddUserToGroup', 'RemoveUserFromGroup']),
          parameters: { Version: RAM, UserName, GroupName },
        }),
        () => {
          const VersionId = pick(['v1', 'v1', 'v2'])
          const parameters = { Version: RAM, PolicyName: full('allow'), VersionId }
          return { call: 'SetDefaultPolicyVersion', args: [VersionId], parameters }
        },
        () => {
          const value = pick(['red', 'blue'])
          return { call: 'TagResource', args: [value], parameters: { KeyId, Tags: tag('color', value) } }
        },
        () => {
          const Status = pick(['Active', 'Active', 'Inactive'])
          const parameters = { Version: RAM, UserName, UserAccessKeyId: credentials.accessKeyId, Status }
          return { call: 'UpdateAccessKey', args: [Status], parameters }
        },
        () => ({
          call: 'ListPoliciesForUser',
          parameters: { Version: RAM, UserName },
          shows: ({ Policies }) =>
            shown(
              ...Policies.Policy.map(({ PolicyName }: { PolicyName: string }) => PolicyName.split('-')[0] ?? '').sort(),
            ),
        }),
      ])()
    },
  }
}

/** A user that may encrypt, and whose AccessKeys come and go. */
export async function accessKeys({ must, unique, user }: Setup): Promise<Subject> {
  const { KeyId } = (await must('CreateKey')).KeyMetadata
  const UserName = `user-${unique}`
  /** By its name in the model: a1, a2 and so on. */
  const known = new Map([['a1', await user(UserName, [{ Effect: 'Allow', Action: 'kms:Encrypt', Resource: '*' }])]])
  const nameOf = (id: string) => [...known].find(([, { accessKeyId }]) => accessKeyId === id)?.[0] ?? '?'
  type Key = { AccessKeyId: string; Status: string }
  return {
    about: `the user ${UserName} and its AccessKeys`,
    next: (pick) => {
      const name = pick([...known.keys()].slice(-2))
      const credentials = known.get(name) ?? { accessKeyId: '', accessKeySecret: '' }
      const named = { Version: RAM, UserName, UserAccessKeyId: credentials.accessKeyId }
      const update = (): Ask => {
        const Status = pick(['Active', 'Active', 'Inactive'])
        return { call: 'UpdateAccessKey', args: [name, Status], parameters: { ...named, Status } }
      }
      const encrypt = (): Ask => ({ call: 'Encrypt', parameters: { KeyId, Plaintext: 'x' }, as: name, credentials })
      return pick<() => Ask>([
        ...Array(5).fill(encrypt),
        ...Array(3).fill(update),
        () => ({ call: 'DeleteAccessKey', args: [name], parameters: named }),
        () => ({
          call: 'CreateAccessKey',
          parameters: { Version: RAM, UserName },
          shows: ({ AccessKey: { AccessKeyId, AccessKeySecret } }) => {
            const given = `a${known.size + 1}`
            known.set(given, { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret })
            return shown(given)
          },
        }),
        () => ({
          call: 'ListAccessKeys',
          parameters: { Version: RAM, UserName },
          shows:
            ({ AccessKeys }) =>
            () =>
              AccessKeys.AccessKey.map(({ AccessKeyId, Status }: Key) => `${nameOf(AccessKeyId)} ${Status}`).sort(),
        }),
      ])()
    },
  }
}

/** Two users, each of which may take the policy from the other that allows just that: only one can win. */
export async function duel({ unique, user, accountId }: Setup): Promise<Subject> {
  const right = (of: string, over: string) =>
    user(`${of}-${unique}`, [
      {
        Effect: 'Allow',
        Action: 'ram:DetachPolicyFromUser',
        Resource: [`acs:ram:*:${accountId}:user/${over}-${unique}`, `acs:ram:*:${accountId}:policy/*`],
      },
    ])
  const credentials: Readonly<Record<string, Pair>> = { u: await right('u', 'v'), v: await right('v', 'u') }
  return {
    about: `the users u-${unique} and v-${unique}`,
    next: (pick) => {
      const [named = '', other = ''] = pick([
        ['u', 'v'],
        ['v', 'u'],
      ])
      const UserName = `${named}-${unique}`
      const parameters = { Version: RAM, PolicyType: 'Custom', PolicyName: UserName, UserName }
      const attach = (): Ask => ({ call: 'AttachPolicyToUser', args: [named], parameters })
      const detach = (): Ask => ({
        call: 'DetachPolicyFromUser',
        args: [named],
        parameters,
        as: other,
        ...(credentials[other] && { credentials: credentials[other] }),
      })
      const list = (): Ask => ({
        call: 'ListPoliciesForUser',
        args: [named],
        parameters: { Version: RAM, UserName },
        shows: ({ Policies }) => shown(...Policies.Policy.map(() => 'right')),
      })
      return pick([attach, attach, detach, detach, list])()
    },
  }
}

function policy(statements: readonly object[]): string {
  return JSON.stringify({ Version: '1', Statement: statements })
}
