// The calls of one batch: which of them are still current when it is stored, and in which order they take place.
import { keysChangedBy } from '../storage/rows.ts'
import type { Commit, Outcome } from '../storage/storage.ts'
import type { Call, Committed } from './call.ts'

/** A call that waits for its batch. */
export interface Waiting {
  readonly call: Call
  readonly commit: Commit
  /** The epoch of the root keys that it was decided and is authenticated under. */
  readonly rootEpoch: number
  outcome: Outcome | 'abandoned'
  readonly resolve: (outcome: Committed) => void
  readonly reject: (error: unknown) => void
}

/**
 * The calls whose reads are as they were, in the order in which they take place: those that change nothing see what was there before the
 * others, and of the others, those of the most attempts first, none has read what one before it changes. All others are `moved`, or
 * `abandoned`: a caller who gave up may have made the same call elsewhere, and others after it, whose changes this one would undo.
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
  for (const waiting of changing.sort((one, other) => attempt(other) - attempt(one))) {
    if (waiting.call.view?.reads(true).some((key) => changed.has(key))) continue
    for (const key of keysChangedBy(waiting.commit)) changed.add(key)
    current.push(waiting)
  }
  return current
}

/**
 * Whether something that the call read has changed; or it was decided under other root keys, so that what it sealed would soon not open. A
 * mere event is sealed under none.
 */
function isMoved({ call, rootEpoch }: Waiting, epoch: number): boolean {
  const { view, changes } = call
  if (view?.moved(changes.length > 0)) return true
  const decided = view ?? call.rootEpoch
  return rootEpoch !== epoch && (decided !== undefined || changes.length > 0)
}

/** What a call has read that its commit relies on: the places of lists only where it changes something. */
export function readsOf({ call }: Waiting): readonly string[] {
  return call.view?.reads(call.changes.length > 0) ?? []
}
