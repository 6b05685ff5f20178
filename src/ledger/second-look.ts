// A record that is not authentic may be under root keys that this server has not yet seen. So before it counts as forged, the server looks
// at the root keys, and reads the record again.
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Row } from '../storage/storage.ts'
import { authentic, Forged, type Recorded } from './record.ts'
import type { RootWatch } from './root-watch.ts'

type Watch = Pick<RootWatch, 'look'>

/** The result of `read`. When it throws Forged, looks at the root keys and reads once more. */
export async function withSecondLook<T>(roots: Watch, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof Forged)) throw error
    await roots.look()
    return read()
  }
}

/** A row as read; `record` is null when it is not authentic. */
export interface Checked {
  readonly row: Row
  readonly record: Recorded<unknown> | null
}

/** The rows that `read` returns. When not all are authentic, looks at the root keys and reads once more. */
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
