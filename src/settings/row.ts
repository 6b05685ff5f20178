// What a setting is, and the readers of its text: whole numbers, lists, addresses, true or false, choices. A row says it all once.
import { UsageError } from './usage-error.ts'

/** The value of a setting as JSON Schema (draft 2020-12) describes it in the configuration file. */
export type Schema = Readonly<Record<string, unknown>>

/** How the text of a setting becomes its value. */
export interface Reader<T> {
  /** What help shows in place of the value, such as `N`. */
  readonly placeholder: string
  /** The values that are valid, in words; '' where any text is. */
  readonly rule: string
  readonly schema: Schema
  /** How its flag is written: with a value, with a value that may be left out and then is `true`, or several times. */
  readonly flag: 'value' | 'truth' | 'list'
  /** Throws UsageError, which names the setting. */
  read(name: string, text: string): T
}

export interface Setting {
  readonly reader: Reader<unknown>
  readonly help: string
  /** Its value where nothing sets it, as text. */
  readonly fallback?: string
  /** What help says about the default if it is not `fallback`. */
  readonly shown?: string
}

/** Settings by name: the flag without its dashes, which is the configuration file's key too. */
export type Rows = Readonly<Record<string, Setting>>

type Value<S extends Setting> =
  S['reader'] extends Reader<infer T> ? (S extends { readonly fallback: string } ? T : T | null) : never

/** The text of a setting from flags, environment or configuration file; undefined where none has it. */
export type Told = (name: string) => string | undefined

/** Reads one setting; null where nothing sets it and it has no default. Throws UsageError. */
export type Get<R extends Rows> = <N extends keyof R & string>(name: N) => Value<R[N]>

export function reading<R extends Rows>(rows: R, told: Told): Get<R> {
  return <N extends keyof R & string>(name: N) => {
    const { reader, fallback } = rows[name] as Setting
    const text = told(name) ?? fallback
    return (text === undefined ? null : reader.read(name, text)) as Value<R[N]>
  }
}

export function environmentName(name: string): string {
  return `STRONGROOM_${name.toUpperCase().replaceAll('-', '_')}`
}

/** Any text: a path, a name. */
export function text(placeholder: string): Reader<string> {
  return { placeholder, rule: '', schema: { type: 'string' }, flag: 'value', read: (_, given) => given }
}

export function whole(min: number, max: number, placeholder = 'N'): Reader<number> {
  return {
    placeholder,
    rule: `${min} to ${max}`,
    schema: { type: 'integer', minimum: min, maximum: max },
    flag: 'value',
    read(name, given) {
      const number = Number(given)
      if (Number.isInteger(number) && number >= min && number <= max) return number
      throw new UsageError(`\`${name}\` must be a whole number from ${min} to ${max}`)
    },
  }
}

export function oneOf<const T extends string>(
  choices: readonly T[],
  placeholder: string = choices.join('|'),
): Reader<T> {
  return {
    placeholder,
    rule: choices.join(', '),
    schema: { enum: choices },
    flag: 'value',
    read(name, given) {
      const chosen = choices.find((choice) => choice === given)
      if (chosen !== undefined) return chosen
      throw new UsageError(`\`${name}\` must be one of ${choices.join(', ')}`)
    },
  }
}

const choice = oneOf(['true', 'false'])

export const truth: Reader<boolean> = {
  ...choice,
  schema: { type: 'boolean' },
  flag: 'truth',
  read: (name, given) => choice.read(name, given) === 'true',
}

/** Items with commas between them, each once; the file may hold them as an array. */
export function list(item: RegExp, placeholder: string): Reader<readonly string[]> {
  return {
    placeholder,
    rule: '',
    schema: { type: ['string', 'array'], items: { type: 'string' } },
    flag: 'value',
    read(name, given) {
      const items = given.split(',').map((one) => one.trim())
      const bad = items.find((one) => !item.test(one))
      if (bad !== undefined) throw new UsageError(`\`${name}\` holds \`${bad}\`, which is not valid`)
      return [...new Set(items)]
    },
  }
}

export interface HostAndPort {
  readonly host: string
  /** 0 for a free one. */
  readonly port: number
}

/** HOST:PORT, with brackets around an IPv6 address. */
export const address: Reader<HostAndPort> = {
  ...text('HOST:PORT'),
  read(name, given) {
    const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(given)
    const port = Number(match?.[3])
    if (!match || port > 65_535)
      throw new UsageError(`\`${name}\` must be HOST:PORT, such as 127.0.0.1:7700, not \`${given}\``)
    return { host: match[1] ?? match[2] ?? '', port }
  },
}
