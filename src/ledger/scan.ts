// Reads all records of the database, of every kind and scope.
import type { RootKeys } from '../keystore/root-keys.ts'
import type { RowKey, Storage } from '../storage/storage.ts'
import { isCurrent, type Recorded } from './record.ts'
import type { RootWatch } from './root-watch.ts'
import { checkedRows } from './second-look.ts'

interface Rooms {
  readonly storage: Storage
  readonly keys: RootKeys
  readonly ring: RootWatch
}

/** A record found by a scan; null when it is not authentic. */
export interface Scanned {
  readonly key: RowKey
  readonly record: Recorded<unknown> | null
  /** Whether its MAC is under the current root key. */
  readonly current: boolean
}

/** Up to `limit` records after `after`, in the order of their keys, including those that are not authentic. */
export async function scan(
  { storage, keys, ring }: Rooms,
  after: RowKey | null,
  limit: number,
): Promise<readonly Scanned[]> {
  const found = await checkedRows(ring, keys, () => storage.scan(after, limit))
  return found.map(({ row, record }) => {
    const { kind, account, region, id } = row
    return { key: { kind, account, region, id }, record, current: isCurrent(row, keys) }
  })
}

/** One record, as a scan finds it. A missing record counts as not authentic. */
export async function scanned(key: RowKey, { storage, keys, ring }: Rooms): Promise<Scanned> {
  const { kind, account, region, id } = key
  const [found] = await checkedRows(ring, keys, async () => {
    const row = await storage.get(kind, account, region, id)
    return row ? [row] : []
  })
  return { key, record: found?.record ?? null, current: found !== undefined && isCurrent(found.row, keys) }
}
