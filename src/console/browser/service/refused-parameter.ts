// Which parameter a refusal is about, so that a form can show it there.
import type { Refusal } from './call.ts'

/** A field that a form shows: its parameter, or the members of the list that it holds. */
export interface RefusableField {
  readonly name: string
  readonly names: readonly string[]
  /** The code that refuses its value without naming it. */
  readonly code?: string | undefined
}

/** The name of the field that the refusal names; null if it names none. */
export function refusedField({ code, message }: Refusal, fields: readonly RefusableField[]): string | null {
  const named = new Set([...code.split('.'), ...namedIn(message), ...namedWithin(code)])
  // The rule of passwords names Password, whatever the parameter is called; other parameters of changes have New before the same name too.
  const isNamed = (name: string) => named.has(name) || (name.startsWith('New') && named.has(name.slice('New'.length)))
  const byName = fields.find(({ names }) => names.some(isNamed))
  if (byName) return byName.name
  const byCode = fields.filter((one) => one.code === code)
  return byCode.length === 1 ? (byCode[0]?.name ?? null) : null
}

/** The parameters that a message names: in quotes, or as a word of several words. */
function namedIn(message: string): readonly string[] {
  return [...message.matchAll(/"(\w+)"|\b([A-Z]\w*[a-z]\w*[A-Z]\w*)\b/g)].map(
    ([, quoted, word]) => quoted ?? word ?? '',
  )
}

/** The parameter that is within a code: ImportToken in InvalidImportToken, UserName in EntityAlreadyExists.User, whose name is taken. */
function namedWithin(code: string): readonly string[] {
  const [, parameter] = /^(?:Invalid|Expired)(\w+)$/.exec(code) ?? []
  const [, entity] = /^EntityAlreadyExists\.(\w+)$/.exec(code) ?? []
  return [...(parameter === undefined ? [] : [parameter]), ...(entity === undefined ? [] : [`${entity}Name`])]
}
