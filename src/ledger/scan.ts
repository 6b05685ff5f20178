// Going through all records of the database, whatever their kind and scope; and renewing the head of the chain, which no call can do.
import type { RootKeys } from '../keystore/root-keys.ts'
import { HEAD_PLACE, type RowKey, type Storage } from '../storage/storage.ts'
import { chaining } from './chain.ts'
import { isCurrent, type Recorded } from './record.ts'
import type { RootWatch } from './root-watch.ts'
import { checkedRows } from './second-look.ts'

interface Rooms {
  readonly storage: Storage
  readonly keys: RootKeys
  readonly ring: RootWatch
}

/** A record that a scan found; null when it is not authentic. */
export interface Scanned {
  readonly key: RowKey
  readonly record: Recorded<unknown> | null
  /** Whether its MAC is under the current root key. */
  readonly current: boolean
}

/** Up to `limit` records in the order of their keys, that come after `after`; also those that are not authentic. */
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

/**
 * Authenticates the head of the chain of events under the current root key. It takes a transaction of its own, since the events of
 * calls in the same one would move the head too. Returns whether the head was under an older root key. Throws Forged.
 */
export async function renewHead({ storage, keys, ring }: Rooms): Promise<boolean> {
  const { kind, account, region, id } = HEAD_PLACE
  const row = await storage.get(kind, account, region, id)
  if (!row || isCurrent(row, keys)) return false
  const chain = chaining(keys)
  const moved = { change: 'update', row: chain.moved(row, chain.headOf(row)), from: row.revision } as const
  await storage.commit([{ changes: [moved], nonce: null, event: null, scrub: false }], chain, ring.guard)
  return true
}
