// A progress bar for long work, on one line.
import type { Surroundings } from './surroundings.ts'

/** Draws the progress at most ten times a second. `what` names the counted things. */
export function bar(around: Surroundings, what: string): (seen: number, total: number) => void {
  const start = performance.now()
  let drawn = start
  return (seen, total) => {
    const now = performance.now()
    if (now - drawn < 100) return
    drawn = now
    const part = total > 0 ? Math.min(1, seen / total) : 0
    const rate = Math.round(seen / ((now - start) / 1000))
    const left = part > 0 && part < 1 ? `, ${duration(((now - start) / 1000) * (1 / part - 1))} left` : ''
    const filled = Math.round(part * 30)
    around.status(
      `[${'#'.repeat(filled)}${'.'.repeat(30 - filled)}] ${Math.floor(part * 100)} %  ${seen} ${what}, ${rate} ${what}/s${left}`,
    )
  }
}

function duration(seconds: number): string {
  return seconds < 100 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`
}
