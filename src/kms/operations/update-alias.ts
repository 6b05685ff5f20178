import { refuse } from '../../api/errors.ts'
import { expectUnmoved, update } from '../../ledger/record.ts'
import { aliasName, findAlias, findKeyById, keyId } from '../key-name.ts'
import { locateAlias, locateKey } from '../key-resource.ts'
import { demandNotPendingDeletion } from '../key-state.ts'
import { operation } from '../operation.ts'
import { demandUsers, findUsersKey } from '../service-keys.ts'

export const UpdateAlias = operation({
  name: 'UpdateAlias',
  summary: 'Points an alias at another CMK.',
  parameters: { AliasName: aliasName, KeyId: keyId },
  access: 'Write',
  trail: { show: ['AliasName', 'KeyId'], reply: ['RequestId'] },
  refusals: [
    'Forbidden.AliasNotFound',
    'Forbidden.KeyNotFound',
    'Unsupported.Alias',
    'UnsupportedOperation',
    'Rejected.PendingDeletion',
  ],
  locate: [locateAlias, locateKey],
  async decide({ AliasName, KeyId }, context) {
    const alias = await findAlias(AliasName, context)
    if (!alias) throw refuse('Forbidden.AliasNotFound')
    demandUsers((await findKeyById(alias.body.keyId, context)).body)
    const { record, body } = await findUsersKey(KeyId, context, 'id')
    demandNotPendingDeletion(body)
    const moved = update(alias, { parent: record.id, body: { keyId: record.id } })
    return { reply: {}, changes: [expectUnmoved(record), moved] }
  },
})
