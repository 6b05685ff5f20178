import type { Caller } from '../../api/caller.ts'
import { refuse } from '../../api/errors.ts'
import type { Reply } from '../../api/operation.ts'
import { operation } from '../operation.ts'

export const GetCallerIdentity = operation({
  name: 'GetCallerIdentity',
  summary: 'Returns the identity of the caller. Needs no permission.',
  parameters: {},
  access: 'Read',
  action: null,
  trail: { show: [], reply: [] },
  refusals: [],
  locate: [],
  async decide(_, { caller }) {
    const { accountId, principalId } = caller
    return { reply: { AccountId: accountId, PrincipalId: principalId, ...identity(caller) }, changes: [] }
  },
})

function identity(caller: Caller): Reply {
  const { accountId, principalId } = caller
  switch (caller.type) {
    case 'root-account':
      return { IdentityType: 'Account', Arn: `acs:ram::${accountId}:root`, UserId: accountId }
    case 'ram-user':
      return { IdentityType: 'RAMUser', Arn: `acs:ram::${accountId}:user/${caller.userName}`, UserId: principalId }
    case 'assumed-role': {
      const Arn = `acs:ram::${accountId}:assumed-role/${caller.roleName}/${caller.sessionName}`
      return { IdentityType: 'AssumedRoleUser', Arn, RoleId: caller.roleId }
    }
    case 'service':
      return { IdentityType: 'Service', Arn: caller.userName }
    // Unreachable: such a caller can only call AssumeRoleWithOIDC, which is not signed.
    case 'oidc-provider':
      throw refuse('NoPermission', { reason: 'Only a session of a role has an identity.' })
  }
}
