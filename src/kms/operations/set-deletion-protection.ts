import { refuse } from '../../api/errors.ts'
import { boolean, optional } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { keyId } from '../key-name.ts'
import { keyResource } from '../key-resource.ts'
import { demandNotPendingDeletion, withDeletionProtection } from '../key-state.ts'
import { operation } from '../operation.ts'
import { description } from '../parameters.ts'
import { findUsersKey } from '../service-keys.ts'

export const SetDeletionProtection = operation({
  name: 'SetDeletionProtection',
  summary: 'Turns the deletion protection of a CMK on or off. ScheduleKeyDeletion refuses a protected CMK.',
  parameters: {
    ProtectedResourceArn: optional(keyId, null),
    KeyId: optional(keyId, null),
    EnableDeletionProtection: boolean(),
    DeletionProtectionDescription: description,
  },
  access: 'Write',
  trail: {
    show: ['ProtectedResourceArn', 'KeyId', 'EnableDeletionProtection', 'DeletionProtectionDescription'],
    reply: ['RequestId'],
  },
  refusals: ['Forbidden.KeyNotFound', 'Unsupported.Alias', 'UnsupportedOperation', 'Rejected.PendingDeletion'],
  async locate({ ProtectedResourceArn, KeyId }, context) {
    const name = ProtectedResourceArn ?? KeyId
    if (name === null) throw refuse('MissingParameter', { name: 'ProtectedResourceArn' })
    const resource = await keyResource(name, context)
    const other = KeyId === null ? resource : await keyResource(KeyId, context)
    return other.arn === resource.arn ? [resource] : [resource, other]
  },
  async decide({ ProtectedResourceArn, KeyId, ...values }, context) {
    const { record, body } = await findUsersKey(ProtectedResourceArn ?? KeyId ?? '', context, 'id')
    if (KeyId !== null && (await findUsersKey(KeyId, context, 'id')).record.id !== record.id)
      throw refuse('InvalidParameter', { name: 'KeyId', rule: 'It must name the key of ProtectedResourceArn.' })
    demandNotPendingDeletion(body)
    const protection = values.EnableDeletionProtection ? values.DeletionProtectionDescription : null
    return { reply: {}, changes: [update(record, { body: withDeletionProtection(body, protection) })] }
  },
})
