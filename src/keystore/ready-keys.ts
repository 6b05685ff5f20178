// A bounded cache of opened keys. The look-up compares the record's id and the sealed value, so a cached key is exactly what opening that value
// again would return.
import type { RootKeys } from './root-keys.ts'

const READY_KEYS = 10_000

/** A key that can't be used after `wipe`. */
interface Wipable {
  wipe(): void
}

export class ReadyKeys<K extends Wipable> {
  readonly #keys: Pick<RootKeys, 'epoch'>
  readonly #wiped: (id: string) => void
  readonly #ready = new Map<string, { readonly sealed: string; readonly key: K }>()
  /** The sealed values of recently destroyed keys. A call that read the record earlier may still use such a key, but the key is not cached again. */
  readonly #destroyed = new Set<string>()
  /** The epoch of the root keys that the keys in `#ready` were opened under. */
  #rootEpoch = 0

  /** `wiped` receives the id of each key that leaves the cache. */
  constructor(keys: Pick<RootKeys, 'epoch'>, wiped: (id: string) => void = () => {}) {
    this.#keys = keys
    this.#wiped = wiped
  }

  /** Returns the key that was opened from `sealed`; null where it is not cached. Use it before the next await: it may be wiped afterwards. */
  get(id: string, sealed: string): K | null {
    if (this.#rootEpoch !== this.#keys.epoch) {
      this.drop(null)
      this.#rootEpoch = this.#keys.epoch
    }
    const ready = this.#ready.get(id)
    return ready?.sealed === sealed ? ready.key : null
  }

  /** Keeps the key that was opened from `sealed`, and returns it as `get` does. */
  keep(id: string, sealed: string, key: K): K {
    this.#wipe(id)
    if (this.#destroyed.has(sealed)) {
      queueMicrotask(() => key.wipe())
      return key
    }
    if (this.#ready.size >= READY_KEYS) {
      const oldest = this.#ready.keys().next()
      if (!oldest.done) this.#wipe(oldest.value)
    }
    this.#ready.set(id, { sealed, key })
    return key
  }

  /** Wipes the keys with these ids; null for all. */
  drop(ids: Iterable<string> | null): void {
    for (const id of ids ?? [...this.#ready.keys()]) this.#wipe(id)
  }

  /** Wipes a destroyed key, and prevents that it is cached again. */
  forget(id: string, sealed: string): void {
    this.#wipe(id)
    this.#destroyed.add(sealed)
    const oldest = this.#destroyed.values().next()
    if (this.#destroyed.size > READY_KEYS && !oldest.done) this.#destroyed.delete(oldest.value)
  }

  #wipe(id: string): void {
    const ready = this.#ready.get(id)
    if (!ready) return
    ready.key.wipe()
    this.#ready.delete(id)
    this.#wiped(id)
  }
}
