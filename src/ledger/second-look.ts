// A record that is not authentic may have been written under root keys that this server has not seen yet: before it is called forged,
// the root keys are looked at, and the record is read again.
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Row } from '../storage/storage.ts'
import { authentic, Forged, type Recorded } from './record.ts'
import type { RootWatch } from './root-watch.ts'

type Watch = Pick<RootWatch, 'look'>

/** Returns what `read` returns, the second time when the first one threw Forged. */
export async function withSecondLook<T>(roots: Watch, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof Forged)) throw error
    await roots.look()
    return read()
  }
}

/** A row that was read; `record` is null when it is not authentic. */
export interface Checked {
  readonly row: Row
  readonly record: Recorded<unknown> | null
}

/** The rows that `read` returns, the second time when the first ones were not all authentic. */
export async function checkedRows(
  roots: Watch,
  keys: RootKeys,
  read: () => Promise<readonly Row[]>,
): Promise<readonly Checked[]> {
  const check = async () => (await read()).map((row) => ({ row, record: authentic(row, keys) }))
  const found = await check()
  if (found.every(({ record }) => record)) return found
  await roots.look()
  return check()
}
