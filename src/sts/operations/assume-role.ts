import { mfaPresent } from '../../api/caller.ts'
import { refuseFor, refuseMissingRole } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { STS } from '../../api/product.ts'
import type { RequestFacts } from '../../ram/conditions.ts'
import { roleByName } from '../../ram/find.ts'
import type { Role } from '../../ram/records.ts'
import { assumptionDenial, roleResource } from '../assumption.ts'
import { operation, type StsContext } from '../operation.ts'
import {
  durationSeconds,
  externalId,
  roleArnParameter,
  roleSessionName,
  sessionPolicy,
  sourceIdentity,
} from '../parameters.ts'
import { beginSession } from '../session.ts'

/** The longest duration of a session that another session starts (role chaining). */
const CHAINED_SECONDS = 3600
const NO_ACCOUNT = 'Roles may not be assumed by root accounts.'

export const AssumeRole = operation({
  name: 'AssumeRole',
  summary: 'Starts a session of a role: temporary credentials with the permissions of the role, narrowed by Policy.',
  parameters: {
    RoleArn: roleArnParameter,
    RoleSessionName: roleSessionName,
    Policy: optional(sessionPolicy, null),
    DurationSeconds: optional(durationSeconds, 3600),
    ExternalId: optional(externalId, null),
    SourceIdentity: optional(sourceIdentity, null),
  },
  access: 'Write',
  trail: {
    show: ['RoleArn', 'RoleSessionName', 'Policy', 'DurationSeconds', 'ExternalId', 'SourceIdentity'],
    reply: ['AssumedRoleUser', 'Credentials.AccessKeyId', 'Credentials.Expiration', 'SourceIdentity'],
  },
  // The caller's own policies and the role's trust policy must both allow it; `decide` evaluates both.
  action: null,
  refusals: [
    'NoPermission',
    'EntityNotExist.Role',
    'InvalidParameter.RoleArn',
    'InvalidParameter.RoleSessionName',
    'InvalidParameter.PolicyGrammar',
    'InvalidParameter.PolicySize',
    'InvalidParameter.DurationSeconds',
    'InvalidParameter.ExternalId',
    'InvalidParameter.SourceIdentity',
  ],
  async locate({ RoleArn }, context) {
    const role = await roleByName(RoleArn.roleName, { ...context, caller: RoleArn })
    return [roleResource(role, RoleArn, context.caller)]
  },
  async decide(values, context) {
    const { caller } = context
    const { RoleArn, RoleSessionName, DurationSeconds, ExternalId, SourceIdentity } = values
    const role = await roleByName(RoleArn.roleName, { ...context, caller: RoleArn })
    if (!role && caller.accountId === RoleArn.accountId && caller.type !== 'root-account') throw refuseMissingRole()
    const further = new Map(ExternalId === null ? [] : [['sts:ExternalId', ExternalId] as const])
    const facts = { ...context.facts, further }
    const denial = await assumptionDenial(role, RoleArn, caller, facts, context)
    if (denial && caller.type === 'root-account') throw refuseFor(denial, 'NoPermission', { reason: NO_ACCOUNT })
    if (denial) throw STS.denied(denial)
    if (!role) throw refuseMissingRole()
    if (SourceIdentity !== null) demandSourceIdentity(role, roleResource(role, RoleArn, caller).arn, facts, context)
    const most =
      caller.type === 'assumed-role'
        ? Math.min(CHAINED_SECONDS, role.body.maxSessionSeconds)
        : role.body.maxSessionSeconds
    const mfa = mfaPresent(caller)
    const beginning = {
      sessionName: RoleSessionName,
      sessionPolicy: values.Policy,
      invokedBy: caller.type === 'service' ? caller.userName : null,
      ...(mfa !== null && { mfa }),
      seconds: DurationSeconds,
      mostSeconds: most,
    }
    return beginSession(role, beginning, SourceIdentity === null ? {} : { SourceIdentity }, context)
  },
})

/** Refuses unless the trust policy allows the caller to set a SourceIdentity. */
function demandSourceIdentity(role: Role, arn: string, facts: RequestFacts, { authorizer, caller }: StsContext): void {
  const denial = authorizer.trustDenial(role, arn, caller, facts, 'sts:SetSourceIdentity')
  if (denial) throw STS.denied(denial)
}
