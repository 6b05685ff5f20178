/** The alias as the API has it, typed with or without its prefix. */
export function aliasName(typed: string): string {
  return `alias/${typed.trim().replace(/^alias\//, '')}`
}
