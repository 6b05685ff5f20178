import { isoSeconds } from '../../api/time.ts'
import { operation } from '../operation.ts'
import { flag, pageNumber, pageOf, pageSize, paging } from '../parameters.ts'
import { versionStages } from '../secrets/replies.ts'
import { findSecret, locateSecret, secretName } from '../secrets/secret-name.ts'

export const ListSecretVersionIds = operation({
  name: 'ListSecretVersionIds',
  summary: 'Lists the versions of a secret that have a stage, or all of them, in the order of their creation.',
  parameters: { SecretName: secretName, IncludeDeprecated: flag, PageNumber: pageNumber, PageSize: pageSize },
  access: 'Read',
  trail: { show: ['SecretName', 'IncludeDeprecated', 'PageNumber', 'PageSize'], reply: [] },
  refusals: ['Forbidden.ResourceNotFound'],
  locate: locateSecret,
  async decide(values, context) {
    const { record, body } = await findSecret(values.SecretName, context)
    const versions = body.versions.filter(({ stages }) => values.IncludeDeprecated || stages.length > 0)
    const { offset, limit } = pageOf(values)
    const page = versions.slice(offset, offset + limit).map(({ id, createdAt, stages }) => ({
      VersionId: id,
      CreateTime: isoSeconds(createdAt),
      ...versionStages(stages),
    }))
    const list = { SecretName: record.id, VersionIds: { VersionId: page } }
    return { reply: { ...list, ...paging(values, versions.length) }, changes: [] }
  },
})
