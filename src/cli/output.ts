// How an answer is printed: as JSON, as YAML or as a table; the whole answer, or the result of a JMESPath expression.
import { UsageError } from '../settings/usage-error.ts'
import type { Surroundings } from './surroundings.ts'
import { tableOf } from './table.ts'
import { withLines } from './terminal-text.ts'

declare module 'jmespath' {
  /** Throws for an invalid expression. The types of the package lack this function. */
  export function compile(expression: string): unknown
}

export const OUTPUTS = ['json', 'table', 'yaml'] as const
export type Output = (typeof OUTPUTS)[number]

/** Throws UsageError. */
export function outputOf(said: string | undefined): Output {
  const found = OUTPUTS.find((name) => name === (said ?? 'json'))
  if (!found) throw new UsageError(`\`--output\` takes ${OUTPUTS.join(', ')}, not \`${said}\``)
  return found
}

/** Whether colours may be printed: on a terminal, unless NO_COLOR forbids them (no-color.org). */
export function hasColours({ printsToTerminal, env }: Surroundings): boolean {
  return printsToTerminal && !env['NO_COLOR']
}

/** A text from outside as it is, or on a terminal without what the terminal would obey. */
export function printable(text: string, { printsToTerminal }: Pick<Surroundings, 'printsToTerminal'>): string {
  return printsToTerminal ? withLines(text) : text
}

/** The text of an answer, without the last line break. */
export async function rendered(answer: unknown, output: Output, around: Surroundings): Promise<string> {
  if (output === 'yaml') return printable((await import('yaml')).stringify(answer, { lineWidth: 0 }).trimEnd(), around)
  if (output === 'table') return tableOf(answer, hasColours(around))
  const json = printable(JSON.stringify(answer, null, 2), around)
  return hasColours(around) ? json.replace(/^( *)("(?:[^"\\]|\\.)*")(?=: )/gm, '$1\x1b[36m$2\x1b[39m') : json
}

/** Compiles a JMESPath expression to a function on answers. This function and the returned one throw UsageError. */
export async function queryOf(expression: string): Promise<(answer: unknown) => unknown> {
  const { compile, search } = await import('jmespath')
  const wrong = (error: unknown) =>
    new UsageError(`the JMESPath expression \`${expression}\` can't be used: ${(error as Error).message}`)
  try {
    compile(expression)
    return (answer) => {
      try {
        return search(answer, expression) as unknown
      } catch (error) {
        throw wrong(error)
      }
    }
  } catch (error) {
    throw wrong(error)
  }
}
