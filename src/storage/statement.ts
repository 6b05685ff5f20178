// A statement that is compiled once and bound by the names of its parameters. Kysely checks each parameter's type against the column
// it meets; TypeScript checks the values of each use against the parameters.
import type { Compilable } from 'kysely'

/** What a column holds. */
export type Value = string | number | null | Uint8Array

/** A statement's text with the values of its parameters, in the order of the text. */
export interface Bound {
  readonly text: string
  readonly values: Value[]
}

/** Binds a statement to the values of its parameters. */
export type Statement<P> = (given: P) => Bound

/** How many rows the statement of a group stores: a batch takes fewer statements, and all batches the same few. */
export const GROUP = 8

/** Marks the place of a parameter while its statement is built. */
class Placeholder {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** Compiles what `build` makes of its parameters. A value in a statement that is no parameter is an error. */
export function statement<P extends { readonly [name in keyof P]: Value }>(
  build: (given: P) => Compilable,
): Statement<P> {
  const placeholders = new Proxy({}, { get: (_, name) => new Placeholder(String(name)) }) as P
  const { sql: text, parameters } = build(placeholders).compile()
  const names = parameters.map((parameter) => {
    if (!(parameter instanceof Placeholder)) throw new Error(`\`${text}\` has a value that is no parameter`)
    return parameter.name as keyof P
  })
  return (given) => {
    const values: Value[] = []
    for (const name of names) values.push(given[name])
    return { text, values }
  }
}

/**
 * Compiles a statement on GROUP rows, which binds each as `one` does. Throws where it does not name the same parameters in the same order, row
 * by row.
 */
export function grouped<P extends { readonly [name in keyof P]: Value }>(
  one: Statement<P>,
  build: (given: readonly P[]) => Compilable,
): (rows: readonly P[]) => Bound {
  const placeholders = new Proxy({}, { get: (_, name) => new Placeholder(String(name)) }) as P
  const { sql: text, parameters } = build(Array.from({ length: GROUP }, () => placeholders)).compile()
  const ofOne = namesOf(one(placeholders).values)
  if (namesOf(parameters).join() !== Array.from({ length: GROUP }, () => ofOne).join())
    throw new Error(`\`${text}\` does not bind its rows as the statement of one does`)
  return (rows) => {
    if (rows.length !== GROUP) throw new RangeError(`a group has ${GROUP} rows, not ${rows.length}`)
    return { text, values: rows.flatMap((row) => one(row).values) }
  }
}

function namesOf(parameters: readonly unknown[]): readonly string[] {
  return parameters.map((parameter) => (parameter instanceof Placeholder ? parameter.name : ''))
}
