// Waits for a state: repeats a reading call up to a time limit.
import type { Answered } from './ask.ts'

/** The clock of the wait. */
export interface Pace {
  /** Milliseconds of a monotonic clock. */
  now(): number
  pause(ms: number): Promise<unknown>
}

/** The first and the longest pause between calls; pauses grow by half. */
const [SHORTEST_MS, LONGEST_MS] = [250, 5000]

/** Calls until `reached` returns true, a call is refused, or `limitMs` have passed. The result says whether it was reached. */
export async function waitUntil(
  call: () => Promise<Answered>,
  reached: (answer: Answered['answer']) => boolean,
  limitMs: number,
  { now, pause }: Pace,
): Promise<{ readonly last: Answered; readonly reached: boolean }> {
  const start = now()
  for (let wait = SHORTEST_MS; ; wait = Math.min(LONGEST_MS, wait * 1.5)) {
    const last = await call()
    if (last.status >= 300) return { last, reached: false }
    if (reached(last.answer)) return { last, reached: true }
    const left = start + limitMs - now()
    if (left <= 0) return { last, reached: false }
    await pause(Math.min(wait, left))
  }
}

/** The states in an answer: the texts of all members whose names end in State or Status. */
export function statesIn(answer: unknown): readonly string[] {
  if (Array.isArray(answer)) return answer.flatMap(statesIn)
  if (typeof answer !== 'object' || answer === null) return []
  return Object.entries(answer).flatMap(([name, value]) =>
    typeof value === 'string' ? (/(?:State|Status)$/.test(name) ? [value] : []) : statesIn(value),
  )
}
