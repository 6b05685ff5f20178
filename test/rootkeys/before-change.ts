// Another process that is faster: work that happens right before a process changes the root keys.
import type { LiveRing } from '../../src/rootkeys/live-ring.ts'

type Change = Parameters<LiveRing['change']>[0]

/** Has `work` happen once, right before the first change that `isMeant`. Changes within `work` go ahead. */
export function beforeChange(
  ring: LiveRing,
  work: () => Promise<unknown>,
  isMeant: (change: Change) => boolean = () => true,
): void {
  const change = ring.change.bind(ring)
  ring.change = async (changes) => {
    if (!isMeant(changes)) return change(changes)
    ring.change = change
    await work()
    return change(changes)
  }
}
