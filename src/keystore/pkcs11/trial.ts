// Trying out whether a device can do something: many devices return an error of their own for what they can't.
import { faultOf, Unsupported } from './faults.ts'

/** The trial of several things on one device. */
export class Trial {
  #unclear: unknown = null

  /**
   * What the work returns; null when the device says that it can't do it. A general error may pass: the work is tried once more. Throws
   * the library's error when it says that the device fails.
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

  /** What keeps the device from each thing, as tried. Throws the library's error when nothing works, and the library did not say why. */
  concluded<T extends Readonly<Record<string, string | null>>>(lacks: T): T {
    if (this.#unclear !== null && Object.values(lacks).every((lack) => lack !== null)) throw this.#unclear
    return lacks
  }
}
