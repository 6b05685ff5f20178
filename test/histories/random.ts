// Random choices that a seed repeats.

/** Chooses one of a list. */
export type Pick = <T>(from: readonly T[]) => T

/** Choices by the generator mulberry32, begun with a number. */
export function picking(seed: number): Pick {
  let state = seed >>> 0
  return (from) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    const index = ((mixed ^ (mixed >>> 14)) >>> 0) % from.length
    if (from.length === 0) throw new Error('nothing to choose from')
    return from[index] as (typeof from)[number]
  }
}
