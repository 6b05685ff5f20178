// The clock of `serve --dev`: the system's clock plus an offset. A record stores the offset, so that a restart does not turn time back, and
// all servers have the same clock.
import type { Ledger } from '../ledger/ledger.ts'
import { INSTALLATION, insert, type Kind, update } from '../ledger/record.ts'
import { recordKey } from '../storage/storage.ts'

const DEV_CLOCK: Kind<{ readonly aheadMs: number }> = { name: 'dev-clock', counted: false }
const ID = 'dev-clock'

export class DevClock {
  readonly #ledger: Ledger
  readonly #wallNow: () => number
  #aheadMs: number

  private constructor(ledger: Ledger, wallNow: () => number, aheadMs: number) {
    this.#ledger = ledger
    this.#wallNow = wallNow
    this.#aheadMs = aheadMs
  }

  /** The clock with the offset of the record. */
  static async open(ledger: Ledger, wallNow: () => number): Promise<DevClock> {
    const ahead = async () => (await ledger.get(DEV_CLOCK, INSTALLATION, ID))?.body.aheadMs ?? 0
    const clock = new DevClock(ledger, wallNow, await ahead())
    const key = recordKey(DEV_CLOCK.name, INSTALLATION.account, INSTALLATION.region, ID)
    ledger.whenChanged(async (changed) => {
      if (!changed || changed.has(key)) clock.#aheadMs = await ahead()
    })
    return clock
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#wallNow() + this.#aheadMs
  }

  /** Moves the clock forward by `ms` milliseconds, durably. */
  async advance(ms: number): Promise<void> {
    for (;;) {
      const record = await this.#ledger.get(DEV_CLOCK, INSTALLATION, ID)
      const body = { aheadMs: (record?.body.aheadMs ?? 0) + ms }
      const change = record
        ? update(record, { body })
        : insert(DEV_CLOCK, { ...INSTALLATION, id: ID, createdAt: this.#wallNow(), body })
      if ((await this.#ledger.commit({ changes: [change], nonce: null, event: null })) !== 'committed') continue
      this.#aheadMs = body.aheadMs
      return
    }
  }
}
