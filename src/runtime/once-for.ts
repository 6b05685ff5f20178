// What follows from an object alone is made once for it, and forgotten with it.

/** Returns what `make` makes of an object, the same each time: only for objects that never change. */
export function onceFor<T extends object, V extends object>(make: (of: T) => V): (of: T) => V {
  const made = new WeakMap<T, V>()
  return (of) => {
    const known = made.get(of)
    if (known) return known
    const value = make(of)
    made.set(of, value)
    return value
  }
}
