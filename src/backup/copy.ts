// Copies rows into a database: a restore copies those of a backup, a migration those of another database.
import type { Copied, CopyTarget } from '../storage/copying/copied.ts'
import { Judge } from './judge.ts'

/** Reports progress: the rows done so far, and all rows. */
export type Progress = (seen: number, total: number) => void

/**
 * Copies all rows into the target. Skips the rows of the same source that an earlier, interrupted call stored. Returns the findings of the
 * judge. Throws what the rows and the target throw; stored rows stay, and the next call continues after them.
 */
export async function copyRows(
  source: { readonly id: string; readonly rows: AsyncIterable<readonly Copied[]>; readonly total: number },
  target: CopyTarget,
  progress: Progress,
) {
  const judge = new Judge()
  let present = await target.begin(source.id)
  let seen = 0
  for await (const rows of source.rows) {
    judge.take(rows)
    const fresh = rows.slice(Math.min(present, rows.length))
    present -= rows.length - fresh.length
    if (fresh.length > 0) await target.write(fresh)
    seen += rows.length
    progress(seen, source.total)
  }
  return judge.findings()
}

/** Yields the rows unchanged, and shows them to the judge. */
export async function* judgedRows(
  rows: AsyncIterable<readonly Copied[]>,
  judge: Judge,
  progress: (seen: number) => void,
): AsyncGenerator<readonly Copied[]> {
  let seen = 0
  for await (const some of rows) {
    judge.take(some)
    yield some
    seen += some.length
    progress(seen)
  }
}
