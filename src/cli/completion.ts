// `strongroom completion SHELL`: prints the script that completes command lines. The script calls the program with --candidates.
import type { CallOperation, ProductVersion } from '../gateway/house.ts'
import { SETTING_FLAGS } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import { SCRIPTS, SHELLS } from './completion-scripts.ts'
import { liveNames } from './live-names.ts'
import { OUTPUTS } from './output.ts'
import { OPTIONS, RAM_VERBS } from './product.ts'
import { profileNames } from './profile.ts'
import type { Surroundings } from './surroundings.ts'

const USAGE = `usage: strongroom completion bash|zsh|fish

Prints a script that completes verbs, flags, operations, parameters and their values. It also completes the names of keys, secrets and
users if a server answers within a second. Run its line in the current shell, and add it to the file for new shells:

    source <(strongroom completion bash)          in ~/.bashrc
    source <(strongroom completion zsh)           in ~/.zshrc, after compinit
    strongroom completion fish | source           in ~/.config/fish/config.fish`

/** A candidate for the next word. Some shells show `about` beside it. */
interface Candidate {
  readonly text: string
  readonly about: string
}

/** What completion needs of the other verbs. */
export interface Known {
  readonly verbs: readonly string[]
  readonly products: readonly ProductVersion[]
  /** The output of a verb with --help. */
  help(verb: string): Promise<string>
}

/** Texts that a shell inserts as they are; other characters would need quotes. */
const PLAIN = /^[\w./:@%+,-]+$/

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function completion(args: readonly string[], known: Known, around: Surroundings): Promise<number> {
  const [said, dashes, ...words] = args
  if (said === '--help') {
    around.print(USAGE)
    return 0
  }
  if (said === '--candidates' && dashes === '--') {
    for (const { text, about } of await candidates(words, known, around))
      if (PLAIN.test(text)) around.print(`${text}\t${about.replace(/\p{Cc}/gu, ' ')}`)
    return 0
  }
  const shell = SHELLS.find((name) => name === said)
  if (!shell) throw new UsageError(`name a shell: ${SHELLS.join(', ')}`)
  around.print(SCRIPTS[shell])
  return 0
}

/** The candidates for the last word. */
async function candidates(given: readonly string[], known: Known, around: Surroundings): Promise<readonly Candidate[]> {
  const words = withoutEquals(given)
  const last = words.at(-1) ?? ''
  const found = await following(words.slice(0, -1), last, known, around)
  return found.filter(({ text }) => text.startsWith(last))
}

/** bash splits --flag=value into three words. */
function withoutEquals(words: readonly string[]): readonly string[] {
  const joined = words.filter((word, i) => word !== '=' || i === 0 || !words[i - 1]?.startsWith('--'))
  return words.at(-1) === '=' ? [...joined, ''] : joined
}

async function following(before: readonly string[], last: string, known: Known, around: Surroundings) {
  const [verb, ...rest] = before
  if (verb === undefined) return plain(last.startsWith('-') ? ['--help', '--version'] : known.verbs.filter(isWord))
  const product = known.products.find(({ product }) => product.service === verb)
  if (product && !RAM_VERBS.includes(rest[0] ?? '')) return ofProduct(product, rest, before, around)
  return known.verbs.includes(verb) ? ofVerb(verb, rest, last, known, around) : []
}

const isWord = (verb: string) => !verb.startsWith('-')
const plain = (texts: Iterable<string>): Candidate[] => [...new Set(texts)].map((text) => ({ text, about: '' }))

async function ofProduct(
  { operations }: ProductVersion,
  [name, ...rest]: readonly string[],
  before: readonly string[],
  around: Surroundings,
): Promise<readonly Candidate[]> {
  if (name === undefined) {
    const all = [...operations.values()].map(({ name, summary }) => ({ text: name, about: summary }))
    return before[0] === 'ram' ? [...all, ...plain(RAM_VERBS)] : all
  }
  const operation = operations.get(name)
  if (!operation) return []
  const flag = rest.at(-1)?.replace(/^--/, '') ?? ''
  const kinds: Readonly<Record<string, string>> = OPTIONS
  const takesValue = rest.at(-1)?.startsWith('--') === true && kinds[flag] !== 'bare' && flag !== 'help'
  return takesValue ? valuesOf(flag, operation, before, around) : flagsOf(operation, rest)
}

function flagsOf({ parameters }: CallOperation, rest: readonly string[]): readonly Candidate[] {
  const declared = Object.entries(parameters).map(([name, { rule }]) => ({ text: `--${name}`, about: rule }))
  const others = plain(['RegionId', ...Object.keys(OPTIONS), 'help'].map((name) => `--${name}`))
  return [...declared, ...others].filter(({ text }) => !rest.includes(text))
}

async function valuesOf(
  flag: string,
  { parameters }: CallOperation,
  before: readonly string[],
  around: Surroundings,
): Promise<readonly Candidate[]> {
  const declared = parameters[flag]
  if (declared?.shape?.choices) return plain(declared.shape.choices)
  if (declared?.type === 'boolean') return plain(['true', 'false'])
  if (flag === 'output') return plain(OUTPUTS)
  if (flag === 'profile') return plain(profileNames(around))
  return plain(await liveNames(flag, before, around))
}

/** Candidates from a verb's help: the words in lines that begin with the program's name, the flags, and their choices. */
async function ofVerb(
  verb: string,
  rest: readonly string[],
  last: string,
  known: Known,
  around: Surroundings,
): Promise<readonly Candidate[]> {
  const help = await known.help(verb)
  const flag = rest.at(-1) ?? ''
  const flags = [...help.matchAll(/--[a-zA-Z][\w-]*/g)].map(([text]) => text)
  if (/[Ff]lags .*`?strongroom serve`?/.test(help)) flags.push(...Object.keys(SETTING_FLAGS).map((name) => `--${name}`))
  if (last.startsWith('-')) return plain([...flags, '--help']).filter(({ text }) => !rest.includes(text))
  if (flag === '--profile') return plain(profileNames(around))
  const choices = flag.startsWith('--')
    ? new RegExp(`${RegExp.escape(flag)} ([a-z0-9-]+(?:\\|[a-z0-9-]+)+)`).exec(help)?.[1]
    : undefined
  if (choices) return plain(choices.split('|'))
  if (flag.startsWith('--'))
    return plain(await liveNames(flag === '--key' ? 'KeyId' : flag.slice(2), [verb, ...rest], around))
  const lines = [...help.matchAll(/^(?:usage:)? *strongroom ([a-z][a-z| -]*)/gm)].map(([, line = '']) =>
    line.trim().split(' '),
  )
  const so = [verb, ...rest]
  return plain(
    lines
      .filter((line) => so.every((word, i) => line[i] === word))
      .flatMap((line) => line[so.length]?.split('|') ?? []),
  )
}
