// Pages of aliases, shared by ListAliases and ListAliasesByKeyId.
import type { Reply } from '../api/operation.ts'
import { kmsArn } from './key-resource.ts'
import type { KmsContext } from './operation.ts'
import { pageOf, paging } from './parameters.ts'
import { ALIAS } from './records.ts'

/** Returns a page of the aliases of one key, or of all keys. */
export async function aliasPage(
  values: { PageNumber: number; PageSize: number },
  keyId: string | null,
  context: KmsContext,
): Promise<Reply> {
  const where = keyId === null ? pageOf(values) : { ...pageOf(values), parent: keyId }
  const { records, total } = await context.ledger.page(ALIAS, context.scope, where)
  const aliases = records.map(({ id, body }) => ({
    KeyId: body.keyId,
    AliasName: id,
    AliasArn: kmsArn(context, id),
  }))
  return { Aliases: { Alias: aliases }, ...paging(values, total) }
}
