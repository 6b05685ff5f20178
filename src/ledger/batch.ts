// The calls of one batch: which of them are still current when the batch is stored, and their order.
import { keysChangedBy } from '../storage/rows.ts'
import type { Commit, Outcome } from '../storage/storage.ts'
import type { Call, Committed } from './call.ts'

/** A call that waits for its batch. */
export interface Waiting {
  readonly call: Call
  readonly commit: Commit
  /** The epoch of the root keys under which the call was decided and its rows are authenticated. */
  readonly rootEpoch: number
  outcome: Outcome | 'abandoned'
  readonly resolve: (outcome: Committed) => void
  readonly reject: (error: unknown) => void
}

/**
 * Returns the calls of the batch that can be stored together, in their order. Calls without changes come first: they see the state before
 * the batch. Calls with changes follow, and calls with more attempts come first; none of them has read a record that an earlier one
 * changes. All other calls get the outcome `moved` or `abandoned`. `abandoned` is for callers who no longer wait: they may have repeated the
 * call on another server, and this attempt would then undo later changes.
 */
export function currentOf(batch: readonly Waiting[], epoch: number): readonly Waiting[] {
  const current: Waiting[] = []
  const changing: Waiting[] = []
  for (const waiting of batch) {
    waiting.outcome = 'moved'
    if (isMoved(waiting, epoch)) continue
    if (waiting.call.changes.length === 0) current.push(waiting)
    else if (waiting.call.isAbandoned?.()) waiting.outcome = 'abandoned'
    else changing.push(waiting)
  }
  if (changing.length < 2) return changing.length === 0 ? current : [...current, ...changing]
  const changed = new Set<string>()
  const attempt = ({ call }: Waiting) => call.view?.attempt ?? 1
  for (const waiting of changing.sort((a, b) => attempt(b) - attempt(a))) {
    if (waiting.call.view?.reads(true).some((key) => changed.has(key))) continue
    for (const key of keysChangedBy(waiting.commit)) changed.add(key)
    current.push(waiting)
  }
  return current
}

/**
 * Whether a record that the call read has changed, or the call was decided under other root keys, whose sealed values would soon not open.
 * A call that only records an event seals nothing, so other root keys do not matter to it.
 */
function isMoved({ call, rootEpoch }: Waiting, epoch: number): boolean {
  const { view, changes } = call
  if (view?.moved(changes.length > 0)) return true
  const decided = view ?? call.rootEpoch
  return rootEpoch !== epoch && (decided !== undefined || changes.length > 0)
}

/** The keys that the commit of a call relies on. The places of lists count only for calls with changes. */
export function readsOf({ call }: Waiting): readonly string[] {
  return call.view?.reads(call.changes.length > 0) ?? []
}
