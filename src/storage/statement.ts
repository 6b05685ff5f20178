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

/** The numbers of rows that a group's statement can have. Groups save statements, and all batches share the same few texts. */
export const GROUPS = [32, 8, 2] as const

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
 * Returns the statement of a group, which is compiled for each size when it is first bound. Its parameters are bound as `single` binds a
 * row's. Binding throws unless the parameters are the same, in the same order, row by row.
 */
export function grouped<P extends { readonly [name in keyof P]: Value }>(
  single: Statement<P>,
  build: (given: readonly P[]) => Compilable,
): (rows: readonly P[]) => Bound {
  const texts = new Map<number, string>()
  return (rows) => {
    const text = texts.get(rows.length) ?? textOfGroup(rows.length, single, build)
    texts.set(rows.length, text)
    return { text, values: rows.flatMap((row) => single(row).values) }
  }
}

function textOfGroup<P extends { readonly [name in keyof P]: Value }>(
  size: number,
  single: Statement<P>,
  build: (given: readonly P[]) => Compilable,
): string {
  const placeholders = new Proxy({}, { get: (_, name) => new Placeholder(String(name)) }) as P
  const { sql: text, parameters } = build(Array.from({ length: size }, () => placeholders)).compile()
  const ofRow = namesOf(single(placeholders).values)
  if (namesOf(parameters).join() !== Array.from({ length: size }, () => ofRow).join())
    throw new Error(`\`${text}\` does not bind its rows as the statement of one does`)
  return text
}

function namesOf(parameters: readonly unknown[]): readonly string[] {
  return parameters.map((parameter) => (parameter instanceof Placeholder ? parameter.name : ''))
}
