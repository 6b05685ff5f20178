// Variables, and values that a case file describes instead of writing out.
import { CaseError, type Members, type Template } from './case.ts'
import type { Machine } from './machine.ts'

/** The variables of one case: those of the run, of its states, and its own. */
export type Variables = Map<string, string>

const VARIABLE = /\$(?:\{([a-z]\w*)\}|([a-z]\w*))/gi

/** Fills the variables of a text in. `quote` is applied to each value. Throws CaseError for an unknown variable. */
export function filled(text: string, variables: Variables, quote = (value: string) => value): string {
  return text.replace(VARIABLE, (_, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? ''
    const value = variables.get(name)
    if (value === undefined) throw new CaseError(`there is no variable $${name}`)
    return quote(value)
  })
}

/** Whether the template contains a variable. */
export function hasVariable(template: Template): boolean {
  return new RegExp(VARIABLE).test(JSON.stringify(template))
}

/** Fills all variables of a value in. */
export function filledIn(template: Template, variables: Variables): Template {
  if (typeof template === 'string') return filled(template, variables)
  if (Array.isArray(template)) return template.map((item) => filledIn(item, variables))
  if (typeof template !== 'object' || template === null) return template
  return Object.fromEntries(Object.entries(template).map(([name, member]) => [name, filledIn(member, variables)]))
}

type Maker = (argument: Template, rest: Members, machine: Machine) => string

/** The makers of described values, by the description's first member. */
const MAKERS: Readonly<Record<string, Maker>> = {
  json: (value) => JSON.stringify(value),
  repeat: (text, { times }) => String(text).repeat(Number(times)),
  bytes: (length) => Buffer.alloc(Number(length), 'x').toString('base64'),
  base64: (text) => Buffer.from(String(text)).toString('base64'),
  unix: (seconds, _, machine) => String(Math.floor(machine.now() / 1000) + Number(seconds)),
  date: (seconds, _, machine) => isoDate(machine.now() + Number(seconds) * 1000),
  altered: (base64) => {
    const bytes = Buffer.from(String(base64), 'base64')
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1)
    return bytes.toString('base64')
  },
}

/** ISO 8601 in UTC, to the second. */
export function isoDate(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** The text of a parameter. Throws CaseError for an unknown description. */
export function parameterText(template: Template, variables: Variables, machine: Machine): string {
  const value = filledIn(template, variables)
  if (typeof value !== 'object' || value === null) return String(value)
  const [kind = ''] = Object.keys(value)
  const make = MAKERS[kind]
  if (!make) throw new CaseError(`there is no value {"${kind}": …}: there are ${Object.keys(MAKERS).join(', ')}`)
  const members = value as Members
  return make(members[kind] ?? null, members, machine)
}

/** The value at a path such as `Keys.Key.0.KeyId`; undefined where there is none. */
export function at(body: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, name) => (typeof value === 'object' && value !== null ? (value as Members)[name] : undefined),
      body,
    )
}
