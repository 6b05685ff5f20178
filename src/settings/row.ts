// A setting, and the readers of its text: whole numbers, lists, addresses, true or false, choices.
import { UsageError } from './usage-error.ts'

/** The JSON Schema (draft 2020-12) of a setting's value in the configuration file. */
export type Schema = Readonly<Record<string, unknown>>

/** How the text of a setting becomes its value. */
export interface Reader<T> {
  /** The placeholder for the value in help, such as `N`. */
  readonly placeholder: string
  /** The valid values, in words; '' where any text is valid. */
  readonly rule: string
  readonly schema: Schema
  /** How the flag is written: see FlagKind. */
  readonly flag: 'value' | 'truth' | 'list'
  /** Throws UsageError, which names the setting. */
  read(name: string, text: string): T
}

export interface Setting {
  readonly reader: Reader<unknown>
  readonly help: string
  /** The default value, as text. */
  readonly fallback?: string
  /** The default in help, where it is not `fallback`. */
  readonly shown?: string
}

/** Settings by name: the flag without its dashes, and also the key in the configuration file. */
export type Rows = Readonly<Record<string, Setting>>

type Value<S extends Setting> =
  S['reader'] extends Reader<infer T> ? (S extends { readonly fallback: string } ? T : T | null) : never

/** Finds the text of a setting in flags, environment or configuration file; undefined where none has it. */
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

/** What the names of the program's environment variables begin with. */
export const ENVIRONMENT_PREFIX = 'STRONGROOM_'

export function environmentName(name: string): string {
  return `${ENVIRONMENT_PREFIX}${name.toUpperCase().replaceAll('-', '_')}`
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

/** Items separated by commas, without duplicates. The configuration file may have an array. */
export function list(item: RegExp, placeholder: string): Reader<readonly string[]> {
  return {
    placeholder,
    rule: '',
    schema: { type: ['string', 'array'], items: { type: 'string' } },
    flag: 'value',
    read(name, given) {
      const items = given.split(',').map((text) => text.trim())
      const bad = items.find((text) => !item.test(text))
      if (bad !== undefined) throw new UsageError(`\`${name}\` contains the invalid value \`${bad}\``)
      return [...new Set(items)]
    },
  }
}

export interface HostAndPort {
  readonly host: string
  /** 0 stands for a free port. */
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

/** An address as the reader `address` takes it, and as URLs have it. */
export function hostAndPort({ host, port }: HostAndPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
