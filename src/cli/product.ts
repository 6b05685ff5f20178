// `strongroom kms|ram|ims|sts|actiontrail OPERATION --Param value …`: calls an operation as the aliyun CLI does, and prints its answer.
import { isPiece } from '../api/pieces.ts'
import { KMS } from '../api/product.ts'
import type { CallOperation, ProductVersion } from '../gateway/house.ts'
import { type FlagKinds, type Flags, flagsBy } from '../settings/flags.ts'
import { didYouMean } from '../settings/nearest.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Answered } from './ask.ts'
import { CLIENT_FLAGS } from './client-options.ts'
import { outputOf, printable, queryOf, rendered } from './output.ts'
import { carryOut, type Manner } from './product-call.ts'
import { EXIT, listing, operationHelp } from './product-help.ts'
import { refused } from './refused.ts'
import type { Surroundings } from './surroundings.ts'

/** Verbs of `strongroom ram` that are no operations. */
export const RAM_VERBS: readonly string[] = ['explain', 'who-can']
export const OPTIONS = {
  ...CLIENT_FLAGS,
  print: 'value',
  output: 'value',
  query: 'value',
  all: 'bare',
  wait: 'value',
  'wait-until': 'value',
  timeout: 'value',
  'dry-run': 'bare',
} as const satisfies FlagKinds

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function callProduct(
  version: ProductVersion,
  args: readonly string[],
  around: Surroundings,
): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === 'help') {
    around.print(listing(version))
    return name === undefined ? EXIT.usage : EXIT.done
  }
  const operation = version.operations.get(name)
  const verb = version.product.service
  if (!operation) {
    const known = [...version.operations.keys(), ...(verb === 'ram' ? RAM_VERBS : [])]
    throw new UsageError(`unknown operation \`${name}\`${didYouMean(name, known)}: see \`strongroom ${verb} --help\``)
  }
  if (rest.includes('--help')) {
    around.print(operationHelp(operation))
    return EXIT.done
  }
  const flags = readArguments(operation, rest)
  const shown = await shownBy(flags)
  const given = flags.names.filter((name) => !isOption(name)).map((name) => [name, flags.get(name) ?? ''] as const)
  const parameters = new Map([...given, ['Action', operation.name], ['Version', version.version]])
  const { last, reached } = await carryOut(operation, parameters, await mannerOf(flags, operation), flags, around)
  if (last.status >= 300) return refused(last.answer, around)
  around.print(await shown(last, around))
  return reached ? EXIT.done : EXIT.notReached
}

/** How to print the answer, as the flags say. Throws UsageError before any call. */
async function shownBy(flags: Flags): Promise<(answered: Answered, around: Surroundings) => Promise<string>> {
  const [path, expression, output] = [flags.get('print'), flags.get('query'), outputOf(flags.get('output'))]
  const query = expression === undefined ? null : await queryOf(expression)
  if (path !== undefined && (query || flags.has('output')))
    throw new UsageError('`--print` prints one member: leave out `--query` and `--output`')
  return async ({ answer }, around) =>
    path === undefined
      ? rendered(query ? query(answer) : answer, output, around)
      : printable(member(answer, path), around)
}

/** The member at a path such as KeyMetadata.KeyId: a text, or any other value as JSON. */
function member(answer: unknown, path: string): string {
  const found = path.split('.').reduce<unknown>((value, name) => {
    const own = typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    return own ? (value as Record<string, unknown>)[name] : undefined
  }, answer)
  if (found === undefined) throw new UsageError(`the answer has no member \`${path}\``)
  return typeof found === 'string' ? found : JSON.stringify(found)
}

/** How to call the operation, as the flags say. Throws UsageError. */
async function mannerOf(flags: Flags, { name, access }: CallOperation): Promise<Manner> {
  const wanted = (['dry-run', 'wait', 'wait-until', 'all'] as const).filter((flag) => flags.has(flag))
  const [manner, second] = wanted
  if (second) throw new UsageError(`\`--${manner}\` and \`--${second}\` do not go together`)
  const waits = manner === 'wait' || manner === 'wait-until'
  if (flags.has('timeout') && !waits) throw new UsageError('`--timeout` is for `--wait` and `--wait-until`')
  if (!waits) return manner ?? 'once'
  if (access !== 'Read') throw new UsageError(`${name} is not a read operation: only read operations can wait`)
  const seconds = flags.get('timeout') ?? '300'
  if (!/^\d{1,6}$/.test(seconds)) throw new UsageError(`\`--timeout\` takes whole seconds, not \`${seconds}\``)
  const query = manner === 'wait-until' ? await queryOf(flags.get(manner) ?? '') : null
  const limitMs = Number(seconds) * 1000
  return query ? { until: query, limitMs } : { state: flags.get('wait') ?? '', limitMs }
}

function readArguments(operation: CallOperation, args: readonly string[]): Flags {
  const help = `see \`strongroom ${operation.product.service} ${operation.name} --help\``
  const known = [...Object.keys(operation.parameters), ...Object.keys(OPTIONS)].map((name) => `--${name}`)
  const kinds: FlagKinds = OPTIONS
  const flags = flagsBy(
    args,
    (name) => {
      if (isOption(name)) return kinds[name]
      return isCommon(name, operation) || isDeclared(name, operation) ? 'value' : undefined
    },
    (flag, name) => {
      const near = didYouMean(`--${name}`, known)
      return new UsageError(`${operation.name} has no parameter \`${flag}\`${near}: ${help}`)
    },
  )
  const twice = flags.names.find((name) => flags.all(name).length > 1)
  if (twice !== undefined) throw new UsageError(`\`--${twice}\` is given twice`)
  return flags
}

const isOption = (name: string) => Object.hasOwn(OPTIONS, name)

/** A parameter of any call: its region, or the account that a service calls the key service for. */
const isCommon = (name: string, { product }: CallOperation) =>
  name === 'RegionId' || (name === 'ResourceOwnerId' && product === KMS)

/** A parameter, or a piece of one: Name.1.Member. */
function isDeclared(name: string, { parameters }: CallOperation): boolean {
  return Object.hasOwn(parameters, name) || isPiece(parameters, name)
}
