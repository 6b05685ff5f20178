// Lists, by name, records that have wanted tags.
import type { Tags } from '../api/operation.ts'

/** Whether `tags` contains all wanted tags. A wanted tag with an empty value matches any value. */
export function hasTags(tags: Tags, wanted: Tags): boolean {
  return wanted.every(([key, value]) => tags.some(([own, is]) => own === key && (value === '' || is === value)))
}

/** Returns the first `limit` records after a name that `passes` accepts, in the order of names. */
export async function takeByName<T extends { readonly id: string }>(
  read: (after: string, limit: number) => Promise<readonly T[]>,
  after: string,
  limit: number,
  passes: (record: T) => boolean,
): Promise<readonly T[]> {
  const taken: T[] = []
  for (let last = after; ; ) {
    const found = await read(last, limit)
    for (const record of found) if (taken.length < limit && passes(record)) taken.push(record)
    if (found.length < limit || taken.length === limit) return taken
    last = found.at(-1)?.id ?? last
  }
}
