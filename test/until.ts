// Waiting for what happens.
import { setTimeout as pause } from 'node:timers/promises'

/** Waits until the condition holds, for as long as it takes: the limit of the test that waits ends it, and names it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(20)
}
