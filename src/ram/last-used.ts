// When AccessKeys were last used. Each call notes the time in memory; background work writes it later, so no call waits for the write.
import type { Ledger } from '../ledger/ledger.ts'
import { INSTALLATION, insert, type Kind, update } from '../ledger/record.ts'

const LAST_USED: Kind<{ readonly at: number }> = { name: 'access-key-last-used', counted: false }
const AT_ONCE = 500

export class LastUsed {
  readonly #ledger: Ledger
  #noted = new Map<string, number>()

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  note(accessKeyId: string, now: number): void {
    this.#noted.set(accessKeyId, now)
  }

  /** Milliseconds since 1970, or null when never. */
  async at(accessKeyId: string): Promise<number | null> {
    const noted = this.#noted.get(accessKeyId)
    if (noted !== undefined) return noted
    return (await this.#ledger.get(LAST_USED, INSTALLATION, accessKeyId))?.body.at ?? null
  }

  /** Stores the times noted since the last write. Times that can't be stored stay noted. */
  async write(now: number): Promise<void> {
    const noted = [...this.#noted]
    for (let start = 0; start < noted.length; start += AT_ONCE) {
      const some = noted.slice(start, start + AT_ONCE)
      await Promise.all(some.map(([id, at]) => this.#writeOne(id, at, now)))
    }
  }

  async #writeOne(id: string, at: number, now: number): Promise<void> {
    const record = await this.#ledger.get(LAST_USED, INSTALLATION, id)
    const change = record
      ? update(record, { body: { at } })
      : insert(LAST_USED, { ...INSTALLATION, id, createdAt: now, body: { at } })
    const outcome = await this.#ledger.commit({ changes: [change], nonce: null, event: null })
    if (outcome === 'committed' && this.#noted.get(id) === at) this.#noted.delete(id)
  }
}
