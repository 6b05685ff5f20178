// Reports that come as often as clients cause them: a few of them pass, and the others are counted.

/** How many reports pass in a period. */
const PASS = 10
const PERIOD_MS = 10_000

export class FewReports {
  readonly #now: () => number
  readonly #more: (count: number) => void
  #period = { began: 0, passed: 0, hidden: 0 }

  /** `more` gets the number of reports that did not pass in a period, at the first report after that period. */
  constructor(now: () => number, more: (count: number) => void) {
    this.#now = now
    this.#more = more
  }

  /** Whether a report that is made now passes. */
  passes(): boolean {
    const now = this.#now()
    if (now - this.#period.began >= PERIOD_MS) {
      const { hidden } = this.#period
      this.#period = { began: now, passed: 0, hidden: 0 }
      if (hidden > 0) this.#more(hidden)
    }
    if (this.#period.passed >= PASS) {
      this.#period.hidden++
      return false
    }
    this.#period.passed++
    return true
  }

  /** Counts reports that did not pass elsewhere. */
  hide(count: number): void {
    this.#period.hidden += count
  }
}
