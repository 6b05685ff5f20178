// The only reader of flags, for all verbs: `--name value`, `--name=value`, and flags without a value.
import { didYouMean } from './nearest.ts'
import { UsageError } from './usage-error.ts'

/**
 * How a flag is written. `value`: with a value; of several, the last counts. `truth`: with an optional value, `true` by default. `list`:
 * repeated, with one value each. `bare`: without a value.
 */
type FlagKind = 'value' | 'truth' | 'list' | 'bare'

export type FlagKinds = Readonly<Record<string, FlagKind>>

/** The flags of a line, by name without dashes. */
export class Flags {
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values
  }

  /** These flags, with this one set to this value. */
  with(name: string, value: string): Flags {
    return new Flags(new Map([...this.#values, [name, [value]]]))
  }

  get names(): readonly string[] {
    return [...this.#values.keys()]
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** All values, in the order given. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  /** The last value. */
  get(name: string): string | undefined {
    return this.#values.get(name)?.at(-1)
  }

  /** The last value. Throws UsageError where there is none. */
  must(name: string, usage: string): string {
    const value = this.get(name)
    if (value === undefined) throw new UsageError(`\`--${name}\` is needed:\n${usage}`)
    return value
  }
}

/** Reads a line that consists of flags. Errors about unknown flags name `verb`. Throws UsageError. */
export function readFlags(args: readonly string[], kinds: FlagKinds, verb: string): Flags {
  return flagsBy(
    args,
    (name) => (Object.hasOwn(kinds, name) ? kinds[name] : undefined),
    (flag, name) => {
      const near = didYouMean(
        `--${name}`,
        Object.keys(kinds).map((name) => `--${name}`),
      )
      return new UsageError(`unknown flag \`${flag}\`${near}: see \`strongroom ${verb} --help\``)
    },
  )
}

/** The same where the names can't be listed: `kindOf` knows the flags, `unknown` makes the error for any other. */
export function flagsBy(
  args: readonly string[],
  kindOf: (name: string) => FlagKind | undefined,
  unknown: (flag: string, name: string) => UsageError,
): Flags {
  const values = new Map<string, string[]>()
  for (let i = 0; i < args.length; i++) {
    const [flag = '', inline] = (args[i] ?? '').split(/=(.*)/s)
    const name = flag.replace(/^--/, '')
    const kind = flag.startsWith('--') ? kindOf(name) : undefined
    if (kind === undefined) throw unknown(flag, name)
    const next = args[i + 1]
    const alone = kind === 'bare' || (kind === 'truth' && (next === undefined || next.startsWith('--')))
    if (inline !== undefined && kind === 'bare') throw new UsageError(`\`${flag}\` takes no value`)
    const value = inline ?? (alone ? 'true' : args[++i])
    if (value === undefined) throw new UsageError(`\`${flag}\` needs a value`)
    values.set(name, [...(values.get(name) ?? []), value])
  }
  return new Flags(values)
}

/** The words before the first flag, and the rest. */
export function wordsFirst(args: readonly string[]): readonly [words: readonly string[], rest: readonly string[]] {
  const first = args.findIndex((word) => word.startsWith('--'))
  const count = first === -1 ? args.length : first
  return [args.slice(0, count), args.slice(count)]
}

/** The words of a line that has flags anywhere, and its flags. Everything after `--` is a word, and so is `-`. */
export function wordsAmong(
  args: readonly string[],
  kinds: FlagKinds,
): readonly [words: readonly string[], rest: readonly string[]] {
  const [words, rest]: [string[], string[]] = [[], []]
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? ''
    if (arg === '--') return [[...words, ...args.slice(i + 1)], rest]
    if (!arg.startsWith('--')) words.push(arg)
    else {
      rest.push(arg)
      const kind = Object.hasOwn(kinds, arg.slice(2)) ? kinds[arg.slice(2)] : undefined
      if (kind === 'value' || kind === 'list') rest.push(...args.slice(++i, i + 1))
    }
  }
  return [words, rest]
}
