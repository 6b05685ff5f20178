// The statements of a transaction on PostgreSQL, which are all sent at once. A guarded statement that touches no row fails: so the
// transaction aborts by itself, and the error tells its outcome.
import type { GrowingChain } from './growing-chain.ts'
import { countingInserts, entryOf, type Step, storedBy } from './rows.ts'
import type { Indexing } from './search.ts'
import { type Bound, GROUPS } from './statement.ts'
import type { Statements } from './statements.ts'
import { type Basis, type Commit, type Outcome, type RowChange, Stale } from './storage.ts'

/**
 * Makes a guarded statement fail (division by zero) when it touches no row, so that a pipelined transaction aborts by itself. The error
 * contains the statement's text, and thereby the outcome.
 */
export function must(outcome: string, { text, values }: Bound): Bound {
  return { text: `/* ${outcome} */ WITH touched AS (${text}) SELECT 1 / (SELECT count(*) FROM touched)`, values }
}

const OUTCOMES = ['head moved', 'moved', 'full', 'nonce-used'] as const

/** The outcome of a transaction that failed with this error of the driver. Throws Stale, and errors that are no outcome. */
export function outcomeOf(error: unknown): Outcome | 'head moved' {
  const { code, query } = error as { code?: string; query?: string }
  if (code === '22012' && query?.startsWith('/* stale */')) throw new Stale()
  if (code === '22012') return OUTCOMES.find((outcome) => query?.startsWith(`/* ${outcome} */`)) ?? 'moved'
  if (code === '40001' || code === '40P01') return 'head moved'
  throw error
}

/** The statement that fails unless the change number is that of the basis. For a batch that changes rows, it also moves the number. */
export function guards(changes: boolean, basis: Basis | null, statements: Statements): readonly Bound[] {
  const { numberIs, moveNumber, moveAnyNumber } = statements
  if (basis) return [must('stale', (changes ? moveNumber : numberIs)({ number: basis.number }))]
  return changes ? [moveAnyNumber({})] : []
}

/** Logs the keys of the records that the transaction changes. */
export function logging(keys: readonly string[], statements: Statements): readonly Bound[] {
  return [statements.logChange({ keys: JSON.stringify(keys) }), statements.dropLogged({})]
}

/** As `must`, for a statement that must touch all rows of a group. */
function mustAll(outcome: string, size: number, { text, values }: Bound): Bound {
  const last = `(SELECT count(*) FROM (SELECT 1 FROM touched OFFSET ${size - 1}) AS last)`
  return { text: `/* ${outcome} */ WITH touched AS (${text}) SELECT 1 / ${last}`, values }
}

/** Statements for these rows: for groups, the largest first, then for single rows. */
function inGroups<R>(
  rows: readonly R[],
  group: (rows: readonly R[]) => Bound,
  single: (row: R) => Bound,
): readonly Bound[] {
  const bound: Bound[] = []
  let from = 0
  for (const size of GROUPS)
    for (; rows.length - from >= size; from += size) bound.push(group(rows.slice(from, from + size)))
  return [...bound, ...rows.slice(from).map(single)]
}

/** The statements that store the calls, all or none, and add their events to the chain. */
export function storingAll(
  commits: readonly Commit[],
  chain: GrowingChain | null,
  statements: Statements,
  indexing: Indexing,
): Bound[] {
  const { nonce, nonceGroup, event, eventGroup } = statements
  // All servers store nonces in the same order: two batches with the same nonces then wait for each other in one direction only.
  const nonces = commits.flatMap((commit) => commit.nonce ?? []).toSorted((a, b) => Buffer.compare(a.digest, b.digest))
  const events = commits.flatMap((commit) => (commit.event ? [commit.event, ...(commit.further ?? [])] : []))
  const chained = chain ? events.map((added) => chain.add(added)) : []
  return [
    ...inGroups(
      nonces,
      (group) => mustAll('nonce-used', group.length, nonceGroup(group)),
      (single) => must('nonce-used', nonce(single)),
    ),
    ...countingInserts(commits, statements).flatMap(sent),
    ...changing(
      commits.flatMap(({ changes }) => changes),
      statements,
      indexing,
    ),
    ...inGroups(chained, eventGroup, event),
  ]
}

/** What makes the changes, but for tallies that inserts step; inserts alone go in groups, since nothing depends on their order. */
function changing(changes: readonly RowChange[], statements: Statements, indexing: Indexing): readonly Bound[] {
  const inserts = changes.filter((one) => one.change === 'insert')
  if (inserts.length < changes.length)
    return changes.flatMap((one) => storedBy(one, statements, indexing).flatMap(sent))
  const { insert, insertGroup, index, indexGroup } = statements
  const rows = inserts.map(({ row }) => row)
  const entries = rows.filter(({ kind }) => indexing.kinds.has(kind)).map((row) => entryOf(row, indexing))
  return [
    ...inGroups(
      rows,
      (group) => mustAll('moved', group.length, insertGroup(group)),
      (row) => must('moved', insert(row)),
    ),
    ...inGroups(entries, indexGroup, index),
  ]
}

function sent({ guarded, opening, closing, otherwise }: Step): Bound[] {
  return [...(opening ? [opening] : []), must(otherwise, guarded), ...(closing ? [closing] : [])]
}
