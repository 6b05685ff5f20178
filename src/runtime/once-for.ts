// Values that derive from an object alone: computed once for the object, and collected with it.

/** Returns a function that computes `make(of)` once for each object. Use it only for objects that never change. */
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
