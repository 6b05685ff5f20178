import { refuse } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { insert } from '../../ledger/record.ts'
import { roleAnswer } from '../answers.ts'
import { roleByName } from '../find.ts'
import { newRoleId } from '../identifiers.ts'
import { operation } from '../operation.ts'
import { description, maxSessionSeconds, newTags, roleName, trustPolicyDocument } from '../parameters.ts'
import { bindTrustPolicy } from '../policy-documents.ts'
import { ROLE, type RoleBody, ramScope } from '../records.ts'
import { locateContainer, ramResource } from '../resources.ts'

export const CreateRole = operation({
  name: 'CreateRole',
  summary: 'Creates a role, which the principals of its trust policy can assume.',
  parameters: {
    RoleName: roleName,
    AssumeRolePolicyDocument: trustPolicyDocument,
    Description: optional(description, ''),
    MaxSessionDuration: optional(maxSessionSeconds, 3600),
    Tag: newTags,
  },
  access: 'Write',
  trail: {
    show: ['RoleName', 'AssumeRolePolicyDocument', 'Description', 'MaxSessionDuration', 'Tag'],
    reply: ['Role.RoleId', 'Role.RoleName', 'Role.Arn', 'Role.CreateDate'],
  },
  quotaRefusal: 'LimitExceeded.Role',
  refusals: ['EntityAlreadyExists.Role', 'LimitExceeded.Role', 'MalformedPolicyDocument'],
  requestTags: ({ Tag }) => Tag,
  locate: locateContainer('role'),
  async decide(values, context) {
    const trustedIds = await bindTrustPolicy(values.AssumeRolePolicyDocument, context)
    if (await roleByName(values.RoleName, context)) throw refuse('EntityAlreadyExists.Role')
    const { now, caller, quotas } = context
    const body: RoleBody = {
      roleId: newRoleId(context),
      roleName: values.RoleName,
      description: values.Description,
      trustPolicy: values.AssumeRolePolicyDocument,
      trustedIds,
      maxSessionSeconds: values.MaxSessionDuration,
      updatedAt: now,
      policies: [],
      tags: values.Tag,
    }
    const fields = { ...ramScope(caller.accountId), id: values.RoleName.toLowerCase(), createdAt: now, body }
    const role = insert(ROLE, fields, quotas['max-roles'])
    const { UpdateDate: _, ...shown } = roleAnswer(role.after)
    return { reply: { Role: shown }, changes: [role], created: [await ramResource('role', values.RoleName, context)] }
  },
})
