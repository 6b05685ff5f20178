// Sends requests to the device: sets their time limits, logs failures, and translates errors into those of the key store's port.
import { refuse } from '../../api/errors.ts'
import { type DeviceTime, Unreachable } from '../keystore.ts'
import { Failed } from './child.ts'
import { FailedCalls } from './failed-calls.ts'
import { SLOW_WORKS, type Work, type Works } from './protocol.ts'
import type { Supervisor } from './supervisor.ts'

/** How long a call may wait for the device: a call that uses a key, and a call that creates or imports one. */
interface Limits {
  readonly timeoutMs: number
  readonly keyTimeoutMs: number
}

const MOST_REPORTED = 1000

export class Asking {
  readonly #device: Supervisor
  readonly #limits: Limits
  readonly #report: (message: string) => void
  readonly #failed: FailedCalls
  readonly #missing = new Set<string>()

  constructor(device: Supervisor, limits: Limits, report: (message: string) => void) {
    this.#device = device
    this.#limits = limits
    this.#report = report
    this.#failed = new FailedCalls(report)
  }

  /** Logs the counts of failed calls that were not logged individually. */
  tell(): void {
    this.#failed.tell()
  }

  /** Throws Unreachable while the device is known not to serve. */
  demandPresent(): void {
    const { trouble } = this.#device
    if (trouble !== null) throw new Unreachable(trouble, false)
  }

  /**
   * Sends a request for which a call waits. `time` limits how long the call waits for the device. `late` receives an answer after that.
   * Logs a failure.
   */
  async call<W extends Work>(
    work: W,
    ask: Works[W]['ask'],
    time: DeviceTime,
    late?: (answer: Works[W]['answer']) => void,
  ): Promise<Works[W]['answer']> {
    const isSlow = SLOW_WORKS.has(work)
    const ms = isSlow ? this.#limits.keyTimeoutMs : this.#limits.timeoutMs
    try {
      return await this.#device.ask(work, ask, time.left(ms, performance.now()), late)
    } catch (error) {
      const trouble = error instanceof Failed ? error.trouble : null
      const failed = `\`${work}\` failed with 503: ${(error as Error).message}`
      const limit = isSlow ? 'hsm-key-timeout-ms' : 'hsm-timeout-ms'
      if (trouble === 'late') this.#failed.note(`${failed}; raise ${limit} (${ms} ms) if the device needs longer`)
      // The supervisor reports it when the whole device does not serve.
      else if (trouble === 'away' && this.#device.trouble === null) this.#failed.note(failed)
      throw this.#inWordsOfThePort(error)
    }
  }

  /** Sends a request of background work. */
  async aside<W extends Work>(work: W, ask: Works[W]['ask'], withinMs: number): Promise<Works[W]['answer']> {
    try {
      return await this.#device.ask(work, ask, withinMs)
    } catch (error) {
      throw this.#inWordsOfThePort(error)
    }
  }

  /** Reports each missing object once, since callers use a missing key again and again. */
  #reportMissing(reason: string): void {
    if (this.#missing.has(reason) || this.#missing.size >= MOST_REPORTED) return
    this.#missing.add(reason)
    this.#report(`${reason}: \`strongroom hsm check\` lists missing and duplicate keys; restore the token's backup`)
  }

  #inWordsOfThePort(error: unknown): unknown {
    if (!(error instanceof Failed)) return error
    if (error.trouble === 'full') {
      this.#report(`the HSM is full: ${error.message}; delete keys, or give it more room`)
      return refuse('Rejected.LimitExceeded')
    }
    if (error.trouble === 'refused') return new Error(error.message)
    if (error.trouble === 'missing') this.#reportMissing(error.message)
    return new Unreachable(error.message)
  }
}
