/** Returns the members that are not null: of an operation's values, those that the call sent. */
export function withoutNulls<V extends object>(values: V): { readonly [K in keyof V]?: NonNullable<V[K]> } {
  const sent = Object.entries(values).filter(([, value]) => value !== null)
  return Object.fromEntries(sent) as { readonly [K in keyof V]?: NonNullable<V[K]> }
}
