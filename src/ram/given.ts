/** Those of an operation's values that the call gave; the others are null. */
export function givenOf<V extends object>(values: V): { readonly [K in keyof V]?: NonNullable<V[K]> } {
  const given = Object.entries(values).filter(([, value]) => value !== null)
  return Object.fromEntries(given) as { readonly [K in keyof V]?: NonNullable<V[K]> }
}
