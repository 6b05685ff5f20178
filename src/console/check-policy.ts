// Checks a policy document during editing: the parser's message, and its place in the text.
import { refuse } from '../api/errors.ts'
import { MalformedPolicy, type PolicyUse, parsePolicy } from '../ram/policy/language.ts'
import { compileWildcard } from '../ram/policy/wildcard.ts'
import type { JsonObject } from '../runtime/json.ts'

/** In characters. An indented document may be longer than the longest that the service stores. */
const LONGEST_DOCUMENT = 16_384
/** The most flaws, and the most warnings: finding the place of each takes a walk through the document. */
const MOST_FINDINGS = 50

export interface Finding {
  readonly Message: string
  /** Such as Statement[0].Effect; empty for the document as a whole. */
  readonly Path: string
  /** From 1. */
  readonly Line?: number
  readonly Column?: number
}

interface Checked {
  readonly Faults: readonly Finding[]
  /** Parts that match nothing, for which the service refuses a new policy. */
  readonly Flaws: readonly Finding[]
  /** Parts that the service accepts, but that are probably mistakes. */
  readonly Warnings: readonly Finding[]
}

/** The errors of the document; `known` are the actions of all calls. Refuses any use other than `identity` and `trust` with InvalidParameter. */
export function checkPolicy(given: JsonObject, known: readonly string[]): Checked {
  const { Document: text, Use: use = 'identity' } = given
  if (typeof text !== 'string') throw refuse('InvalidParameter', { name: 'Document', rule: 'The text of a policy.' })
  if (use !== 'identity' && use !== 'trust')
    throw refuse('InvalidParameter', { name: 'Use', rule: 'One of identity, trust.' })
  // A fault, not a refusal: the editor shows faults.
  if (text.length > LONGEST_DOCUMENT) return onlyFault(`The policy has more than ${LONGEST_DOCUMENT} characters.`, text)
  try {
    const { flaws } = parsePolicy(text, use satisfies PolicyUse)
    const warnings = use === 'identity' ? unknownActions(text, known) : []
    const findings = (messages: readonly string[]) =>
      messages.slice(0, MOST_FINDINGS).map((message) => found(message, text))
    return { Faults: [], Flaws: findings(flaws), Warnings: findings(warnings) }
  } catch (error) {
    if (error instanceof MalformedPolicy) return onlyFault(error.message, text)
    throw error
  }
}

function onlyFault(message: string, text: string): Checked {
  return { Faults: [found(message, text)], Flaws: [], Warnings: [] }
}

/** Actions of this service's products that no call needs; actions of other services are ignored. */
function unknownActions(text: string, known: readonly string[]): readonly string[] {
  const names = known.map((action) => action.toLowerCase())
  const services = new Set(names.map((action) => action.split(':')[0]))
  const { Statement } = JSON.parse(text) as { readonly Statement: readonly WrittenActions[] }
  const written = Statement.map(({ Action, NotAction }) => [Action ?? NotAction ?? []].flat())
  const own = written.flat().filter((action) => services.has(action.toLowerCase().split(':')[0]))
  const unknown = new Map(own.map((action) => [action, compileWildcard(action.toLowerCase())]))
  // Name by name, because a pattern takes the longest to match the first time that it sees a name.
  for (const name of names) for (const [action, matches] of unknown) if (matches(name)) unknown.delete(action)
  return Statement.flatMap(({ Action }, i) =>
    (written[i] ?? [])
      .filter((action) => unknown.has(action))
      .map((action) => {
        const place = `${Action ? 'Action' : 'NotAction'} of Statement[${i}]`
        return `"${action}" in ${place} is no action of this service: no call needs it.`
      }),
  )
}

/** A statement that the parser has accepted. */
interface WrittenActions {
  readonly Action?: string | readonly string[]
  readonly NotAction?: string | readonly string[]
}

function found(message: string, text: string): Finding {
  const [, position] = /^The policy is not JSON: .* at position (\d+)/s.exec(message) ?? []
  if (position !== undefined) return { Message: message, Path: '', ...lineAndColumn(text, Number(position)) }
  const [, index] = /Statement\[(\d+)\]/.exec(message) ?? []
  const [, named = ''] = /\b(Effect|Action|NotAction|Resource|Principal|Condition|Sid|Version)\b/.exec(message) ?? []
  const member = named === '' && message.includes('condition') ? 'Condition' : named
  const statement = index === undefined ? null : statementAt(text, Number(index))
  const Path = [index === undefined ? '' : `Statement[${index}]`, member].filter((part) => part !== '').join('.')
  const [start, end] = statement ?? [0, text.length]
  const within = text.slice(start, end)
  // The text that the message quotes is the nearest place, then the member, then the statement.
  const [, quoted = ''] = /"((?:[^"\\]|\\.)+)"/.exec(message) ?? []
  const places = [
    quoted === '' ? -1 : within.indexOf(`"${quoted}`),
    member === '' ? -1 : within.indexOf(`"${member}"`),
    0,
  ]
  const at = places.find((place) => place >= 0) ?? 0
  return { Message: message, Path, ...lineAndColumn(text, start + at) }
}

/** The start and end of the n-th object in the array Statement of a valid JSON text; null if there is none. */
function statementAt(text: string, n: number): readonly [start: number, end: number] | null {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]]/gs
  let [depth, seen, start, name] = [0, -1, 0, '']
  for (let match = tokens.exec(text); match; match = tokens.exec(text)) {
    const [token] = match
    if (token === '{' || token === '[') {
      depth++
      if (depth === 3 && token === '{' && name === '"Statement"' && ++seen === n) start = match.index
    } else if (token === '}' || token === ']') {
      if (depth === 3 && seen === n && name === '"Statement"') return [start, tokens.lastIndex]
      depth--
    } else if (depth === 1) name = token
  }
  return null
}

function lineAndColumn(text: string, at: number): { Line: number; Column: number } {
  const before = text.slice(0, at)
  const lineStart = before.lastIndexOf('\n') + 1
  return { Line: before.split('\n').length, Column: at - lineStart + 1 }
}
