// What policy sets remember of their statements, within bounds.
import { Memo, PairMemo } from './memo.ts'
import type { About, Placed } from './verdict.ts'

/** How many actions, and how many pairs of an action and a resource, each set remembers. */
const REMEMBERED = 1024

/** How many bytes a remembered value takes at most, besides its texts and statements. Measured: 560 for a pair whose action is known. */
const VALUE_BYTES = 1000
/** How many bytes a statement takes at most in a list of statements, and as a copy of its own. */
const LISTED_BYTES = 8
const COPIED_BYTES = 200

/** What one set remembers. Reports the bytes that each value takes at most. */
class Remembered {
  readonly byAction: Memo<readonly Placed[]>
  readonly byResource: PairMemo<About>
  readonly byPrefix: PairMemo<About>

  constructor(grew: (bytes: number) => void) {
    const bytesOf = (about: About, characters: number, perStatement: number) =>
      VALUE_BYTES + 2 * (characters + about.characters) + perStatement * about.statements.length
    this.byAction = new Memo(REMEMBERED, ({ length }, characters) =>
      grew(VALUE_BYTES + 2 * characters + LISTED_BYTES * length),
    )
    this.byResource = new PairMemo(REMEMBERED, (about, characters) => grew(bytesOf(about, characters, LISTED_BYTES)))
    this.byPrefix = new PairMemo(REMEMBERED, (about, characters) => grew(bytesOf(about, characters, COPIED_BYTES)))
  }
}

/**
 * What all policy sets remember. Callers choose the resources that they name, and each AccessKey of a user and each session may have a set of its
 * own, so the sets are bounded together, too.
 */
export class PolicyMemory {
  readonly #bound: number
  #bytes = 0
  #bySet = new WeakMap<object, Remembered>()

  /** When the sets have remembered more than `bound` bytes, they forget everything. */
  constructor(bound = 16 * 1024 * 1024) {
    this.#bound = bound
  }

  of(set: object): Remembered {
    const known = this.#bySet.get(set)
    if (known) return known
    const remembered = new Remembered((bytes) => this.#grew(bytes))
    this.#bySet.set(set, remembered)
    return remembered
  }

  #grew(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes <= this.#bound) return
    this.#bytes = 0
    this.#bySet = new WeakMap()
  }
}
