import { refuse } from '../../api/errors.ts'
import { expectUnmoved, insert } from '../../ledger/record.ts'
import { aliasName, findAlias, keyId } from '../key-name.ts'
import { aliasResource, locateKey } from '../key-resource.ts'
import { operation } from '../operation.ts'
import { ALIAS } from '../records.ts'
import { findUsersKey } from '../service-keys.ts'

export const CreateAlias = operation({
  name: 'CreateAlias',
  summary: 'Creates an alias for a CMK.',
  parameters: { AliasName: aliasName, KeyId: keyId },
  access: 'Write',
  trail: { show: ['AliasName', 'KeyId'], reply: ['RequestId'] },
  refusals: [
    'AliasAlreadyExists',
    'Forbidden.KeyNotFound',
    'Unsupported.Alias',
    'UnsupportedOperation',
    'Rejected.StateModifiedFailed',
    'Rejected.LimitExceeded',
  ],
  locate: [async ({ AliasName }, context) => [aliasResource(AliasName, context)], locateKey],
  async decide({ AliasName, KeyId }, context) {
    if (AliasName.startsWith('alias/acs'))
      throw refuse('InvalidParameter', { name: 'AliasName', rule: 'The prefix alias/acs is reserved.' })
    const { record, body } = await findUsersKey(KeyId, context, 'id')
    if (await findAlias(AliasName, context)) throw refuse('AliasAlreadyExists')
    if (body.state === 'PendingDeletion') throw refuse('Rejected.StateModifiedFailed', { reason: '' })
    const { scope, now, settings } = context
    const alias = { ...scope, id: AliasName, parent: record.id, createdAt: now, body: { keyId: record.id } }
    return { reply: {}, changes: [expectUnmoved(record), insert(ALIAS, alias, settings.maxAliases)] }
  },
})
