// Tries whether a device has certain abilities. Many devices return vendor-specific errors for what they lack.
import { faultOf, Unsupported } from './faults.ts'

/** The trial of several abilities on one device. */
export class Trial {
  #unclear: unknown = null

  /**
   * Returns the result of the work; null when the device can't do it. A general error may be transient, so the work is then tried once more. Throws
   * the library's error when it means that the device does not serve.
   */
  async of<T>(work: () => T | null | Promise<T | null>): Promise<T | null> {
    for (let isSecond = false; ; isSecond = true)
      try {
        return await work()
      } catch (error) {
        if (error instanceof Unsupported) return null
        const fault = faultOf(error)
        if (fault !== 'data' && fault !== 'unsupported' && fault !== 'ambiguous') throw error
        if (fault === 'ambiguous') this.#unclear = error
        if (fault !== 'ambiguous' || isSecond) return null
      }
  }

  /** Returns the result of the trials. Throws the library's error when nothing works and a general error occurred. */
  concluded<T extends Readonly<Record<string, string | null>>>(lacks: T): T {
    if (this.#unclear !== null && Object.values(lacks).every((lack) => lack !== null)) throw this.#unclear
    return lacks
  }
}
