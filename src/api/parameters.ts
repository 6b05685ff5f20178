// Parameter types: what a parameter may hold, how its text becomes a value, and how help describes it.
import { type PlainCode, type Refusal, refuse } from './errors.ts'
import { gathered, type Pieces } from './pieces.ts'

/** One declared parameter. `read` gets the decoded, non-empty text and throws a Refusal that names the parameter. */
export interface Parameter<T> {
  readonly type: 'text' | 'integer' | 'boolean' | 'choice' | 'json'
  /** The rule in a sentence, for help and for error messages; ends with a full stop. */
  readonly rule: string
  /** Secret values never appear in events, logs or messages. */
  readonly secret: boolean
  readonly required: boolean
  /** Whether an empty text is a value of its own; else it counts as absent. */
  readonly mayBeEmpty?: true
  /** What the call is refused with when it is absent; MissingParameter unless it says otherwise. */
  readonly missing?: 'MissingParameter.{name}'
  read(name: string, text: string): T
  /** Where clients send a list or a map in pieces, Name.1.Member or Name.key. */
  readonly pieces?: Pieces
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>

/** The values a declaration's parameters have after reading: null for an absent optional one. */
export type Values<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never
}

/** A required value that `read` makes of the text. Where `read` returns null, the call is refused. */
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
    read(name, text) {
      const value = read(text)
      if (value === null) throw typeof refusal === 'string' ? refuse(refusal) : refusal(name)
      return value
    },
  }
}

/** A required text that matches the pattern, which must be anchored at both ends. */
export function matching(rule: string, code: PlainCode, pattern: RegExp): Parameter<string> {
  return parameter('text', rule, code, (text) => (pattern.test(text) ? text : null))
}

/** A required string of at most `max` characters. */
export function text(options: { max: number; rule?: string; pattern?: RegExp }): Parameter<string> {
  const rule = options.rule ?? `At most ${options.max} characters.`
  return {
    type: 'text',
    rule,
    secret: false,
    required: true,
    read(name, value) {
      if (value.length > options.max || options.pattern?.test(value) === false)
        throw refuse('InvalidParameter', { name, rule })
      return value
    },
  }
}

/** A required string whose value is never shown anywhere. */
export function secret(options: { max: number; rule?: string }): Parameter<string> {
  return { ...text(options), secret: true }
}

/** A required whole number, in decimal, from `min` to `max`. */
export function integer(options: { min: number; max: number; rule?: string }): Parameter<number> {
  const rule = options.rule ?? `A whole number from ${options.min} to ${options.max}.`
  return {
    type: 'integer',
    rule,
    secret: false,
    required: true,
    read(name, value) {
      const number = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN
      if (!(number >= options.min && number <= options.max)) throw refuse('InvalidParameter', { name, rule })
      return number
    },
  }
}

/** A required `true` or `false`, in any case. */
export function boolean(): Parameter<boolean> {
  const rule = 'true or false.'
  return {
    type: 'boolean',
    rule,
    secret: false,
    required: true,
    read(name, value) {
      const lower = value.toLowerCase()
      if (lower !== 'true' && lower !== 'false') throw refuse('InvalidParameter', { name, rule })
      return lower === 'true'
    },
  }
}

/** A required member of a closed list; case matters. */
export function choice<const T extends string>(...choices: readonly T[]): Parameter<T> {
  const rule = `One of ${choices.join(', ')}.`
  return {
    type: 'choice',
    rule,
    secret: false,
    required: true,
    read(name, value) {
      const found = choices.find((one) => one === value)
      if (found === undefined) throw refuse('InvalidParameter', { name, rule })
      return found
    },
  }
}

/** A required JSON text of at most `max` characters; `check` returns the value, or null when it breaks the rule. */
export function json<T extends {}>(options: {
  max: number
  rule: string
  check: (value: unknown, text: string) => T | null
}): Parameter<T> {
  return {
    type: 'json',
    rule: options.rule,
    secret: false,
    required: true,
    read(name, value) {
      const checked = value.length > options.max ? null : options.check(parse(value), value)
      if (checked === null) throw refuse('InvalidParameter', { name, rule: options.rule })
      return checked
    },
  }
}

/** The same parameter, not required: `fallback` when absent or empty. */
export function optional<T, F extends T | null>(parameter: Parameter<T>, fallback: F): Parameter<T | F> {
  return {
    ...parameter,
    required: false,
    rule: describe(parameter.rule, fallback),
    read: parameter.read,
    fallback,
  } as Parameter<T | F> & { fallback: F }
}

function describe(rule: string, fallback: unknown): string {
  return fallback === null || fallback === '' || typeof fallback === 'object' ? rule : `${rule} Default: ${fallback}.`
}

function parse(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return undefined
  }
}

/** The same parameter, for which an empty text is a value like any other. */
export function possiblyEmpty<T>(parameter: Parameter<T>): Parameter<T> {
  return { ...parameter, mayBeEmpty: true }
}

/**
 * Reads all declared parameters from a request's decoded ones. An empty value counts as absent (contract/kms.md section 0), unless it may be one.
 * Throws MissingParameter or InvalidParameter; parameters that are not declared are ignored, but no pieces of declared ones.
 */
export function readValues<P extends Parameters>(declared: P, given: ReadonlyMap<string, string>): Values<P> {
  const names = Object.keys(declared)
  const inPieces = gathered(declared, given)
  for (const name of names)
    if (declared[name]?.required && isAbsent(declared[name], textOf(name, given, inPieces)))
      throw refuse(declared[name].missing ?? 'MissingParameter', { name })
  const values: Record<string, unknown> = {}
  for (const name of names) values[name] = readOne(name, declared[name], textOf(name, given, inPieces))
  return values as Values<P>
}

/** The same values, each read when it is used: what is wrong with one refuses whoever needs it, and nobody else. */
export function readableValues<P extends Parameters>(declared: P, given: ReadonlyMap<string, string>): Values<P> {
  const values = {}
  for (const [name, parameter] of Object.entries(declared))
    Object.defineProperty(values, name, {
      enumerable: true,
      get() {
        const text = textOf(name, given, gathered({ [name]: parameter }, given))
        if (parameter.required && isAbsent(parameter, text))
          throw refuse(parameter.missing ?? 'MissingParameter', { name })
        return readOne(name, parameter, text)
      },
    })
  return values as Values<P>
}

type Texts = ReadonlyMap<string, string>

function textOf(name: string, given: Texts, inPieces: Texts): string | undefined {
  return given.get(name) || (inPieces.get(name) ?? given.get(name))
}

function isAbsent(parameter: Parameter<unknown> | undefined, text: string | undefined): boolean {
  return text === undefined || (text === '' && parameter?.mayBeEmpty !== true)
}

function readOne(name: string, parameter: Parameter<unknown> | undefined, text: string | undefined): unknown {
  if (isAbsent(parameter, text)) return (parameter as { fallback?: unknown }).fallback
  return parameter?.read(name, text ?? '')
}
