import { refuse } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { versionAnswer } from '../answers.ts'
import { findCustomPolicy, foundPolicy } from '../find.ts'
import { operation } from '../operation.ts'
import { flag, oneOf, policyDocument, policyName } from '../parameters.ts'
import { checkPolicy } from '../policy-documents.ts'
import type { PolicyBody } from '../records.ts'
import { locatePolicy } from '../resources.ts'

export const CreatePolicyVersion = operation({
  name: 'CreatePolicyVersion',
  summary: 'Adds a version to a custom policy, and puts it in force where SetAsDefault is true.',
  parameters: {
    PolicyName: policyName,
    PolicyDocument: policyDocument,
    SetAsDefault: flag,
    RotateStrategy: optional(oneOf('None', 'DeleteOldestNonDefaultVersionWhenLimitExceeded'), 'None'),
  },
  access: 'Write',
  trail: {
    show: ['PolicyName', 'PolicyDocument', 'SetAsDefault', 'RotateStrategy'],
    reply: ['PolicyVersion.VersionId', 'PolicyVersion.IsDefaultVersion', 'PolicyVersion.CreateDate'],
  },
  refusals: ['EntityNotExist.Policy', 'MalformedPolicyDocument', 'LimitExceeded.Policy.Version'],
  locate: locatePolicy,
  async decide({ PolicyName, PolicyDocument, SetAsDefault, RotateStrategy }, context) {
    const policy = await findCustomPolicy(PolicyName, context)
    checkPolicy(PolicyDocument)
    const { body } = policy
    const full = body.versions.length >= context.quotas['max-policy-versions']
    if (full && RotateStrategy === 'None') throw refuse('LimitExceeded.Policy.Version')
    const lastVersion = body.lastVersion + 1
    const version = { versionId: `v${lastVersion}`, document: PolicyDocument, createdAt: context.now }
    const changed = update(policy, {
      body: {
        ...body,
        updatedAt: context.now,
        lastVersion,
        versions: [...(full ? withoutOldest(body) : body.versions), version],
        defaultVersion: SetAsDefault ? version.versionId : body.defaultVersion,
      },
    })
    return { reply: { PolicyVersion: versionAnswer(version, foundPolicy(changed.after)) }, changes: [changed] }
  },
})

/** Refuses with LimitExceeded.Policy.Version when there is none but the default version. */
function withoutOldest({ versions, defaultVersion }: PolicyBody): PolicyBody['versions'] {
  const oldest = versions.find(({ versionId }) => versionId !== defaultVersion)
  if (!oldest) throw refuse('LimitExceeded.Policy.Version')
  return versions.filter((version) => version !== oldest)
}
