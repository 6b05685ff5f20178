// Logs calls that the device failed: the first of each kind at once, and a minute later the count of further ones.

const PERIOD_MS = 60_000
/** How many kinds are logged in a minute. */
const MOST_KINDS = 20

export class FailedCalls {
  readonly #report: (message: string) => void
  /** How often each kind recurred since it was logged. */
  readonly #again = new Map<string, number>()
  #timer: NodeJS.Timeout | null = null

  constructor(report: (message: string) => void) {
    this.#report = report
  }

  note(failure: string): void {
    const isKnown = this.#again.has(failure) || this.#again.size < MOST_KINDS
    const kind = isKnown ? failure : 'calls failed in other ways as well'
    const before = this.#again.get(kind)
    this.#again.set(kind, before === undefined ? 0 : before + 1)
    if (before === undefined) this.#report(kind)
    this.#timer ??= setTimeout(() => this.tell(), PERIOD_MS).unref()
  }

  /** Logs how often each kind recurred, and resets the counts. */
  tell(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    for (const [kind, count] of this.#again) if (count > 0) this.#report(`${kind} (${count} times more)`)
    this.#again.clear()
  }
}
