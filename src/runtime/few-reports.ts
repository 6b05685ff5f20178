// Reports that come as often as clients cause them: a few of them pass, and the others are counted.
import type { Runtime } from './runtime.ts'

/** How many reports pass in a period. */
const PASS = 10
const PERIOD_MS = 10_000

export class FewReports {
  readonly #runtime: Pick<Runtime, 'monotonic' | 'after'>
  readonly #more: (count: number) => void
  #began = 0
  #passed = 0
  #hidden = 0
  #cancel = () => {}

  /** `more` gets the number of reports that did not pass: before the next one passes, and at the latest a period after the first of them. */
  constructor(runtime: Pick<Runtime, 'monotonic' | 'after'>, more: (count: number) => void) {
    this.#runtime = runtime
    this.#more = more
  }

  /** Whether a report that is made now passes. */
  passes(): boolean {
    const now = this.#runtime.monotonic()
    if (now - this.#began >= PERIOD_MS) {
      this.#tell()
      this.#began = now
      this.#passed = 0
    }
    if (this.#passed === PASS) {
      this.hide(1)
      return false
    }
    this.#passed++
    return true
  }

  /** Counts reports that did not pass, here or elsewhere. */
  hide(count: number): void {
    if (this.#hidden === 0) this.#cancel = this.#runtime.after(PERIOD_MS, () => this.#tell())
    this.#hidden += count
  }

  #tell(): void {
    if (this.#hidden === 0) return
    this.#cancel()
    const count = this.#hidden
    this.#hidden = 0
    this.#more(count)
  }
}
