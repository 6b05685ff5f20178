// A statement that is compiled once, and bound by the names of its parameters. Kysely checks each parameter's type against its column;
// TypeScript checks the values of each use against the parameters.
import type { Compilable } from 'kysely'

/** The value of a column. */
export type Value = string | number | null | Uint8Array

/** A statement's text with its parameters' values, in the order of the text. */
export interface Bound {
  readonly text: string
  readonly values: Value[]
}

/** Binds a statement to its parameters' values. */
export type Statement<P> = (given: P) => Bound

/** The number of rows of a group's statement. Groups save statements, and all batches share the same few texts. */
export const GROUP = 8

/** Stands for a parameter while its statement is built. */
class Placeholder {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** Compiles the statement that `build` makes of its parameters. A value that is no parameter is an error. */
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
 * Compiles a statement on GROUP rows, whose parameters are bound as `one` binds a row's. Throws unless the parameters are the same, in the
 * same order, row by row.
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
