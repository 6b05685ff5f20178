/** The alias in the API's form, typed with or without its prefix. */
export function aliasName(typed: string): string {
  return `alias/${typed.trim().replace(/^alias\//, '')}`
}
