import { clearable, optional } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { roleAnswer } from '../answers.ts'
import { findRole } from '../find.ts'
import { operation } from '../operation.ts'
import { description, maxSessionSeconds, roleName, trustPolicyDocument } from '../parameters.ts'
import { bindTrustPolicy } from '../policy-documents.ts'
import { locateRole } from '../resources.ts'

export const UpdateRole = operation({
  name: 'UpdateRole',
  summary:
    'Changes the trust policy, the description or the longest session of a role. An empty text clears the description. Running sessions continue.',
  parameters: {
    RoleName: roleName,
    NewAssumeRolePolicyDocument: optional(trustPolicyDocument, null),
    NewDescription: clearable(description),
    NewMaxSessionDuration: optional(maxSessionSeconds, null),
  },
  access: 'Write',
  trail: {
    show: ['RoleName', 'NewAssumeRolePolicyDocument', 'NewDescription', 'NewMaxSessionDuration'],
    reply: ['Role.RoleId', 'Role.RoleName'],
  },
  refusals: ['EntityNotExist.Role', 'MalformedPolicyDocument'],
  locate: locateRole,
  async decide(values, context) {
    const role = await findRole(values.RoleName, context)
    const { body } = role
    const trustPolicy = values.NewAssumeRolePolicyDocument
    const trust = trustPolicy !== null && { trustPolicy, trustedIds: await bindTrustPolicy(trustPolicy, context) }
    const changed = update(role, {
      body: {
        ...body,
        ...trust,
        description: values.NewDescription ?? body.description,
        maxSessionSeconds: values.NewMaxSessionDuration ?? body.maxSessionSeconds,
        updatedAt: context.now,
      },
    })
    return { reply: { Role: roleAnswer(changed.after) }, changes: [changed] }
  },
})
