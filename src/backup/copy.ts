// Copying rows into a database: a restore copies those of a backup, a migration those of another database.
import type { Copied, CopyTarget } from '../storage/copying/copied.ts'
import { Judge } from './judge.ts'

/** Hears how far the work is: rows done, and how many there are. */
export type Progress = (seen: number, total: number) => void

/**
 * Brings all rows into the target, going on after those of this source that are there already. Returns what the rows hold. Throws what the rows
 * and the target throw; what is stored by then stays, and the next call goes on there.
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

/** Hands the rows on, past a judge. */
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
