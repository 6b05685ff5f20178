import type { Surroundings } from './surroundings.ts'

/** Prints the usage of a verb where the line asks for it. Returns whether it does. */
export function printsHelp(args: readonly string[], usage: string, around: Pick<Surroundings, 'print'>): boolean {
  if (!args.includes('--help')) return false
  around.print(usage)
  return true
}
