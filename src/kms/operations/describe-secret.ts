import { isoSeconds } from '../../api/time.ts'
import { operation } from '../operation.ts'
import { flag } from '../parameters.ts'
import { plannedDeletion, rotationMembers, secretTags } from '../secrets/replies.ts'
import { findSecret, locateSecret, secretArn, secretName } from '../secrets/secret-name.ts'

export const DescribeSecret = operation({
  name: 'DescribeSecret',
  summary: 'Returns the metadata of a secret, never its value.',
  parameters: { SecretName: secretName, FetchTags: flag },
  access: 'Read',
  trail: { show: ['SecretName', 'FetchTags'], reply: [] },
  refusals: ['Forbidden.ResourceNotFound'],
  locate: locateSecret,
  async decide({ SecretName, FetchTags }, context) {
    const { record, body } = await findSecret(SecretName, context)
    const { encryptionKeyId } = body
    return {
      reply: {
        Arn: secretArn(record.id, context),
        SecretName: record.id,
        Description: body.description,
        ...(encryptionKeyId === null ? {} : { EncryptionKeyId: encryptionKeyId }),
        CreateTime: isoSeconds(record.createdAt),
        UpdateTime: isoSeconds(body.updatedAt),
        ...plannedDeletion(body),
        SecretType: body.secretType,
        ...rotationMembers(body),
        ...(FetchTags ? secretTags(body, context) : {}),
      },
      changes: [],
    }
  },
})
