import { refuse } from '../../api/errors.ts'
import { remove } from '../../ledger/record.ts'
import { aliasName, findAlias, findKeyById } from '../key-name.ts'
import { locateAlias } from '../key-resource.ts'
import { operation } from '../operation.ts'
import { ALIAS } from '../records.ts'
import { demandUsers } from '../service-keys.ts'

export const DeleteAlias = operation({
  name: 'DeleteAlias',
  summary: 'Deletes an alias. The CMK does not change.',
  parameters: { AliasName: aliasName },
  access: 'Write',
  trail: { show: ['AliasName'], reply: ['RequestId'] },
  refusals: ['Forbidden.AliasNotFound', 'UnsupportedOperation'],
  locate: locateAlias,
  async decide({ AliasName }, context) {
    const alias = await findAlias(AliasName, context)
    if (!alias) throw refuse('Forbidden.AliasNotFound')
    demandUsers((await findKeyById(alias.body.keyId, context)).body)
    return { reply: {}, changes: [remove(ALIAS, alias)] }
  },
})
