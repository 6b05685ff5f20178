// Reads many records. It authenticates and parses them in stretches, so that other calls run in between.
import type { RootKeys } from '../keystore/root-keys.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Row } from '../storage/storage.ts'
import { fromRow, type Kind, type Recorded, type Scope } from './record.ts'
import type { Source } from './view.ts'

type Turns = Pick<Runtime, 'turn'>

/** The characters of bodies in a stretch, for a few milliseconds of work. */
const STRETCH = 65_536
/** The rows of one step of a walk. */
const STEP = 128
/** A parent has few children, so pages by offset are fast. */
const CHILDREN_AT_ONCE = 1000

/** The records of rows. Throws Forged. */
export async function fromRows<B>(
  rows: readonly Row[],
  keys: RootKeys,
  runtime: Turns,
): Promise<readonly Recorded<B>[]> {
  const records: Recorded<B>[] = []
  let characters = 0
  for (const row of rows) {
    if (characters >= STRETCH) {
      await runtime.turn()
      characters = 0
    }
    records.push(fromRow<B>(row, keys))
    characters += row.body.length
  }
  return records
}

/** All records that `read` finds, step by step. `read` gets the last record of the step before, and returns the next ones. */
export async function* walk<B>(
  read: (last: Recorded<B> | null, limit: number) => Promise<readonly Recorded<B>[]>,
  runtime: Turns,
): AsyncGenerator<readonly Recorded<B>[], void, void> {
  for (let last: Recorded<B> | null = null; ; await runtime.turn()) {
    const records: readonly Recorded<B>[] = await read(last, STEP)
    if (records.length > 0) yield records
    last = records.at(-1) ?? null
    if (records.length < STEP) return
  }
}

/** All records of a kind with this parent, the oldest first. */
export async function childrenOf<B>(
  kind: Kind<B>,
  scope: Scope,
  parent: string,
  ledger: Pick<Source, 'page'>,
): Promise<readonly Recorded<B>[]> {
  const all: Recorded<B>[] = []
  for (;;) {
    const { records } = await ledger.page(kind, scope, { parent, offset: all.length, limit: CHILDREN_AT_ONCE })
    all.push(...records)
    if (records.length < CHILDREN_AT_ONCE) return all
  }
}
