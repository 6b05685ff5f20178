// Parameter types: the rule of a parameter, its parser and its description for help. An operation declares its parameters with the functions below.
// `readValues` parses them once, before anything else is read, so inside an operation every value is valid.
import { unambiguousJson } from '../runtime/json.ts'
import type { PlainCode } from './errors/catalogue.ts'
import { type Refusal, refuse } from './errors.ts'
import { gathered, type Pieces } from './pieces.ts'

/** The machine-readable part of a parameter's rule, which forms check before a call. */
export interface Limits {
  /** The smallest and the largest number. With `unit`, they limit the number at the beginning of a text such as 7d. */
  readonly min?: number
  readonly max?: number
  readonly unit?: 'd'
  /** The shortest and the longest text, in characters. */
  readonly shortest?: number
  readonly longest?: number
  /** The longest value, in bytes of UTF-8, or of the decoded value. */
  readonly mostBytes?: number
  /** The source of a regular expression with the flag u that the whole text matches. */
  readonly pattern?: string
  readonly choices?: readonly string[]
}

export interface Shape extends Limits {
  /** The operator's setting that lowers `max`. */
  readonly maxSetting?: 'maxPendingWindowDays'
  /** The longest JSON list, in items, and the limits of the members of each item. */
  readonly mostItems?: number
  readonly members?: Readonly<Record<string, Limits>>
}

/** One declared parameter. */
export interface Parameter<T> {
  readonly type: 'text' | 'integer' | 'boolean' | 'choice' | 'json'
  /** The rule in a sentence, for help and for error messages; ends with a full stop. */
  readonly rule: string
  readonly shape?: Shape
  /** Secret values never appear in events, logs or messages. */
  readonly secret: boolean
  readonly required: boolean
  /** The value of an absent parameter that is not required: see `optional`. */
  readonly fallback?: unknown
  /** Set where an empty text is a value. Without it, an empty text counts as absent. */
  readonly mayBeEmpty?: true
  /** The refusal of a call without the parameter, if it is not MissingParameter. */
  readonly missing?: (name: string) => Refusal
  /** The code that refuses an invalid value, if the parameter has its own code. */
  readonly refusedWith?: PlainCode
  /** Parses a decoded text, which is empty only with `mayBeEmpty`. Throws a Refusal that names the parameter. */
  read(name: string, text: string): T
  /** How it takes a list or a map in pieces (Name.1.Member or Name.key); absent where it takes no pieces. */
  readonly pieces?: Pieces
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>

/** The values of declared parameters; an absent one has its fallback. */
export type Values<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never
}

/** A required value that `read` parses from the text. Where `read` returns null, the call is refused with `refusal`. */
export function parameter<T extends {}>(
  type: Parameter<T>['type'],
  rule: string,
  refusal: PlainCode | ((name: string) => Refusal),
  read: (text: string) => T | null,
): Parameter<T> {
  return {
    type,
    rule,
    secret: false,
    required: true,
    ...(typeof refusal === 'string' && { refusedWith: refusal }),
    read(name, text) {
      const value = read(text)
      if (value === null) throw typeof refusal === 'string' ? refuse(refusal) : refusal(name)
      return value
    },
  }
}

/** A required text that matches the pattern, which must be anchored at both ends. */
export function matching(rule: string, code: PlainCode, pattern: RegExp): Parameter<string> {
  const checked = parameter('text', rule, code, (text) => (pattern.test(text) ? text : null))
  return { ...checked, shape: { pattern: pattern.source } }
}

/** A required value. Where `read` returns null, the call is refused with InvalidParameter and the rule. */
function ruled<T extends {}>(type: Parameter<T>['type'], rule: string, read: (text: string) => T | null): Parameter<T> {
  return parameter(type, rule, (name) => refuse('InvalidParameter', { name, rule }), read)
}

/** A required string of at most `max` characters. */
export function text(options: { max: number; rule?: string; pattern?: RegExp }): Parameter<string> {
  const { max, pattern, rule = `At most ${max} characters.` } = options
  const checked = ruled('text', rule, (given) => (given.length > max || pattern?.test(given) === false ? null : given))
  return { ...checked, shape: { longest: max, ...(pattern && { pattern: pattern.source }) } }
}

/** The same parameter with more limits for forms. */
export function shaped<T>(parameter: Parameter<T>, shape: Shape): Parameter<T> {
  return { ...parameter, shape: { ...parameter.shape, ...shape } }
}

/** A required string whose value is never shown anywhere. */
export function secret(options: { max: number; rule?: string }): Parameter<string> {
  return { ...text(options), secret: true }
}

/** A required whole number, in decimal, from `min` to `max`. */
export function integer(options: { min: number; max: number; rule?: string }): Parameter<number> {
  const { min, max, rule = `A whole number from ${min} to ${max}.` } = options
  const checked = ruled('integer', rule, (given) => {
    const number = /^-?\d{1,15}$/.test(given) ? Number(given) : Number.NaN
    return number >= min && number <= max ? number : null
  })
  return { ...checked, shape: { min, max } }
}

/** A required `true` or `false`, in any case. */
export function boolean(): Parameter<boolean> {
  return ruled('boolean', 'true or false.', truthIn)
}

/** The boolean that the text is, in any case; null for another text. */
export function truthIn(text: string): boolean | null {
  const lower = text.toLowerCase()
  return lower === 'true' ? true : lower === 'false' ? false : null
}

/** A required choice from a closed list; case matters. */
export function choice<const T extends string>(...choices: readonly T[]): Parameter<T> {
  const rule = `One of ${choices.join(', ')}.`
  const checked = ruled('choice', rule, (given) => choices.find((choice) => choice === given) ?? null)
  return { ...checked, shape: { choices } }
}

/**
 * A required JSON text of at most `max` characters, in which no object has a member twice; `check` returns the value, or null when it breaks
 * the rule.
 */
export function json<T extends {}>(options: {
  max: number
  rule: string
  check: (value: unknown, text: string) => T | null
}): Parameter<T> {
  const { max, rule, check } = options
  const checked = ruled('json', rule, (given) => (given.length > max ? null : check(unambiguousJson(given), given)))
  return { ...checked, shape: { longest: max } }
}

/** The same parameter, not required: its value is `fallback` when it is absent. */
export function optional<T, F extends T | null>(parameter: Parameter<T>, fallback: F): Parameter<T | F> {
  return { ...parameter, required: false, rule: describe(parameter.rule, fallback), fallback }
}

function describe(rule: string, fallback: unknown): string {
  return fallback === null || fallback === '' || typeof fallback === 'object' ? rule : `${rule} Default: ${fallback}.`
}

/** The same parameter, but with an empty text as a possible value. */
export function possiblyEmpty<T>(parameter: Parameter<T>): Parameter<T> {
  return { ...parameter, mayBeEmpty: true }
}

/** A text that an update may clear: null where it is absent and stays unchanged, '' where it is sent empty. */
export function clearable(property: Parameter<string>): Parameter<string | null> {
  const read = (name: string, text: string) => (text === '' ? '' : property.read(name, text))
  return optional(possiblyEmpty({ ...property, read }), null)
}

/**
 * Parses the declared parameters from a request's decoded ones. An empty text counts as absent unless the parameter may be empty. A missing required
 * parameter is refused before any invalid value. Parameters that are not declared are ignored, but a piece that a declared parameter does not take
 * is refused.
 */
export function readValues<P extends Parameters>(declared: P, given: ReadonlyMap<string, string>): Values<P> {
  const names = Object.keys(declared)
  const inPieces = gathered(declared, given)
  for (const name of names)
    if (declared[name]?.required && isAbsent(declared[name], textOf(name, given, inPieces)))
      throw missing(declared[name], name)
  const values: Record<string, unknown> = {}
  for (const name of names) values[name] = readOne(name, declared[name], textOf(name, given, inPieces))
  return values as Values<P>
}

/** The same values, but each is parsed when it is used. An invalid parameter throws only where its value is used. */
export function readableValues<P extends Parameters>(declared: P, given: ReadonlyMap<string, string>): Values<P> {
  const values = {}
  for (const [name, parameter] of Object.entries(declared))
    Object.defineProperty(values, name, {
      enumerable: true,
      get() {
        const text = textOf(name, given, gathered({ [name]: parameter }, given))
        if (parameter.required && isAbsent(parameter, text)) throw missing(parameter, name)
        return readOne(name, parameter, text)
      },
    })
  return values as Values<P>
}

function missing(parameter: Parameter<unknown>, name: string): Refusal {
  return parameter.missing?.(name) ?? refuse('MissingParameter', { name })
}

type Texts = ReadonlyMap<string, string>

function textOf(name: string, given: Texts, inPieces: Texts): string | undefined {
  return given.get(name) || (inPieces.get(name) ?? given.get(name))
}

function isAbsent(parameter: Parameter<unknown> | undefined, text: string | undefined): boolean {
  return text === undefined || (text === '' && parameter?.mayBeEmpty !== true)
}

function readOne(name: string, parameter: Parameter<unknown> | undefined, text: string | undefined): unknown {
  if (isAbsent(parameter, text)) return parameter?.fallback
  return parameter?.read(name, text ?? '')
}
