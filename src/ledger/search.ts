// Searches records by their index. The index is not authenticated, so the search compares each authentic record with its criteria. Where
// the index names a record that does not fit, all records are read instead. So an attacker who alters the index can only hide records, or
// make their count wrong.
import type { Place, Search } from '../storage/storage.ts'
import type { Alarm } from './alarm.ts'
import { Forged, type Kind, type Recorded, type Scope } from './record.ts'

/** The criteria of a search, in terms of the index and of records. */
export interface Sought<B> {
  readonly search: Omit<Search, keyof Place | 'through'>
  /** The kind of record whose text also counts for its parent. */
  readonly through: Kind<unknown>
  /** Whether the record fits. `own` reads the record's children of the kind `through`. */
  holds(record: Recorded<B>, own: () => Promise<readonly Recorded<unknown>[]>): Promise<boolean>
}

export interface FoundRecords<B> {
  readonly records: readonly Recorded<B>[]
  readonly total: number
}

type Steps<B> = AsyncGenerator<readonly Recorded<B>[], void, void>

/** How to read the records that a search without the index needs: see Reader. */
interface Reading {
  byCreation<B>(kind: Kind<B>, scope: Scope): Steps<B>
}

/** The index and the records disagree. */
class Misled extends Forged {}

/**
 * Returns the records that the index named, after comparing each with the search. Throws Misled for a missing record, or one that does not
 * fit. `owned` are the children of the kind `through`, read in the same statement: so a child that moves at the same time raises no alarm.
 */
export async function heldAgainst<B>(
  sought: Sought<B>,
  records: readonly (Recorded<B> | null)[],
  owned: readonly Recorded<unknown>[],
): Promise<readonly Recorded<B>[]> {
  const held: Recorded<B>[] = []
  const byOwner = Map.groupBy(owned, ({ parent }) => parent)
  for (const record of records) {
    if (!record) throw new Misled('the index of records names a record that is not there')
    if (!(await sought.holds(record, async () => byOwner.get(record.id) ?? [])))
      throw new Misled(
        `the index of records disagrees with ${record.kind}/${record.id}: a change of it writes its entry again`,
      )
    held.push(record)
  }
  return held
}

/** The result of `search`. When the index misled it, raises an alarm and returns the result of `readAll`. */
export async function orElse<T>(alarm: Alarm, search: () => Promise<T>, readAll: () => Promise<T>): Promise<T> {
  try {
    return await search()
  } catch (error) {
    if (!(error instanceof Misled)) throw error
    alarm('the index of records was altered; all records were read instead', error)
    return readAll()
  }
}

/** Filters the records of a step by the search, without the index. */
export function judge<B>(
  sought: Sought<B>,
  scope: Scope,
  reading: Reading,
): (step: readonly Recorded<B>[]) => Promise<readonly Recorded<B>[]> {
  let owned: Promise<ReadonlyMap<string | null, readonly Recorded<unknown>[]>> | null = null
  const own = async (id: string) => {
    owned ??= byParent(reading.byCreation(sought.through, scope))
    return (await owned).get(id) ?? []
  }
  return async (step) => {
    const found: Recorded<B>[] = []
    for (const record of step) if (await sought.holds(record, () => own(record.id))) found.push(record)
    return found
  }
}

async function byParent(steps: Steps<unknown>): Promise<ReadonlyMap<string | null, readonly Recorded<unknown>[]>> {
  const all: Recorded<unknown>[] = []
  for await (const step of steps) all.push(...step)
  return Map.groupBy(all, ({ parent }) => parent)
}

/** A page of the matching records, with the count of all. */
export async function pageOfSteps<B>(
  steps: Steps<B>,
  found: (step: readonly Recorded<B>[]) => Promise<readonly Recorded<B>[]>,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<FoundRecords<B>> {
  const records: Recorded<B>[] = []
  let total = 0
  for await (const step of steps) {
    const some = await found(step)
    records.push(...some.slice(Math.max(0, offset - total), Math.max(0, offset + limit - total)))
    total += some.length
  }
  return { records, total }
}
