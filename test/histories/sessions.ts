// Histories of sessions: a role is made, trusted, allowed and deleted while sessions of it, and of its predecessors, go on.
import { type Ask, type Pair, RAM, type Subject, shown } from './ask.ts'
import type { Setup } from './setup.ts'

/** A role that one of two users may assume, and its sessions. */
export async function sessions({ must, unique, user, accountId }: Setup): Promise<Subject> {
  const { KeyId } = (await must('CreateKey')).KeyMetadata
  const [RoleName, PolicyName] = [`role-${unique}`, `use-${unique}`]
  const credentials = await user(`u-${unique}`, [{ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }])
  await user(`v-${unique}`, [])
  const trust = (name: string) =>
    JSON.stringify({
      Version: '1',
      Statement: [
        {
          Effect: 'Allow',
          Action: 'sts:AssumeRole',
          Principal: { RAM: [`acs:ram::${accountId}:user/${name}-${unique}`] },
        },
      ],
    })
  const PolicyDocument = JSON.stringify({
    Version: '1',
    Statement: [{ Effect: 'Allow', Action: 'kms:Encrypt', Resource: '*' }],
  })
  const creation = { Version: RAM, RoleName, AssumeRolePolicyDocument: trust('u') }
  const attachment = { Version: RAM, PolicyType: 'Custom', PolicyName, RoleName }
  const first: string = (await must('CreateRole', creation)).Role.RoleId
  await must('CreatePolicy', { Version: RAM, PolicyName, PolicyDocument })
  await must('AttachPolicyToRole', attachment)
  /** Roles by their names in the model: r1, r2 and so on. */
  const roles = [first]
  const nameOf = (roleId: string) => `r${(roles.includes(roleId) ? roles.indexOf(roleId) : roles.push(roleId) - 1) + 1}`
  const started: (Pair & { readonly name: string })[] = []
  const assume: Ask = {
    call: 'AssumeRole',
    parameters: {
      Version: '2015-04-01',
      RoleArn: `acs:ram::${accountId}:role/${RoleName}`,
      RoleSessionName: 'session',
    },
    as: 'user',
    credentials,
    shows: ({ AssumedRoleUser, Credentials: { AccessKeyId, AccessKeySecret, SecurityToken } }) => {
      const name = nameOf(AssumedRoleUser.AssumedRoleId.split(':')[0])
      started.push({
        name,
        accessKeyId: AccessKeyId,
        accessKeySecret: AccessKeySecret,
        securityToken: SecurityToken,
      })
      return shown(name)
    },
  }
  return {
    about: `the role ${RoleName} and its sessions`,
    next: (pick) => {
      const session = started.length === 0 ? null : pick(started.slice(-3))
      const encrypt = (): Ask =>
        session
          ? { call: 'Encrypt', parameters: { KeyId, Plaintext: 'x' }, as: session.name, credentials: session }
          : assume
      const trusted = pick(['u', 'u', 'v'])
      return pick<() => Ask>([
        ...Array(5).fill(encrypt),
        () => assume,
        () => assume,
        () => ({ call: 'AttachPolicyToRole', parameters: attachment }),
        () => ({ call: 'DetachPolicyFromRole', parameters: attachment }),
        () => ({ call: 'DeleteRole', parameters: { Version: RAM, RoleName } }),
        () => ({ call: 'CreateRole', parameters: creation, shows: ({ Role }) => shown(nameOf(Role.RoleId)) }),
        () => ({
          call: 'UpdateRole',
          args: [trusted],
          parameters: { Version: RAM, RoleName, NewAssumeRolePolicyDocument: trust(trusted) },
        }),
      ])()
    },
  }
}
