// Adds the lists of AccessKeys to accounts and services of earlier releases, whose records lack them.
import type { Ledger } from '../ledger/ledger.ts'
import { type Change, INSTALLATION, insert, update } from '../ledger/record.ts'
import type { AccessKeyRecord } from './access-key.ts'
import { type Account, SERVICE } from './key-holder.ts'

/** Returns the changes that add these lists, in the order of creation. `accessKeys` must yield all AccessKeys of the database. */
export async function listingChanges(
  accounts: readonly Account[],
  accessKeys: AsyncIterable<AccessKeyRecord>,
  ledger: Pick<Ledger, 'get'>,
): Promise<readonly Change[]> {
  const held = await byHolder(accessKeys)
  const idsOf = (holder: string) =>
    (held.get(holder) ?? []).toSorted((a, b) => a.createdAt - b.createdAt).map(({ id }) => id)
  const changes: Change[] = []
  for (const account of accounts)
    if (!account.body.accessKeyIds)
      changes.push(update(account, { body: { ...account.body, accessKeyIds: idsOf(account.id) } }))
  for (const [service, [first]] of held) {
    if (first?.body.service === undefined || (await ledger.get(SERVICE, INSTALLATION, service))) continue
    const body = { accessKeyIds: idsOf(service) }
    changes.push(insert(SERVICE, { ...INSTALLATION, id: service, createdAt: first.createdAt, body }))
  }
  return changes
}

/** The AccessKeys of accounts and services, by holder. Every release lists the AccessKeys of users. */
async function byHolder(accessKeys: AsyncIterable<AccessKeyRecord>): Promise<Map<string, AccessKeyRecord[]>> {
  const held = new Map<string, AccessKeyRecord[]>()
  for await (const key of accessKeys) {
    const { accountId, service, userId } = key.body
    if (userId !== undefined) continue
    const holder = service ?? accountId
    const keys = held.get(holder) ?? []
    keys.push(key)
    held.set(holder, keys)
  }
  return held
}
