// `strongroom kms|ram|ims|sts|actiontrail OPERATION --Param value …`: calls an operation as the aliyun CLI does, and prints its JSON.
import type { Parameter } from '../api/parameters.ts'
import { isPiece } from '../api/pieces.ts'
import { KMS } from '../api/product.ts'
import type { CallOperation, ProductVersion } from '../gateway/house.ts'
import { type FlagKinds, type Flags, flagsBy } from '../settings/flags.ts'
import { didYouMean } from '../settings/nearest.ts'
import { UsageError } from '../settings/usage-error.ts'
import { ask } from './ask.ts'
import { CLIENT_FLAGS, clientOptions } from './client-options.ts'
import { refused } from './refused.ts'
import type { Surroundings } from './surroundings.ts'

/** Verbs of `strongroom ram` that are no operations. */
export const RAM_VERBS: readonly string[] = ['explain', 'who-can']
const OPTIONS: FlagKinds = { ...CLIENT_FLAGS, print: 'value' }

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function callProduct(
  version: ProductVersion,
  args: readonly string[],
  around: Surroundings,
): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === '--help' || name === 'help') {
    around.print(listing(version))
    return name === undefined ? 2 : 0
  }
  const operation = version.operations.get(name)
  const verb = version.product.service
  if (!operation) {
    const known = [...version.operations.keys(), ...(verb === 'ram' ? RAM_VERBS : [])]
    throw new UsageError(`unknown operation \`${name}\`${didYouMean(name, known)}: see \`strongroom ${verb} --help\``)
  }
  if (rest.includes('--help')) {
    around.print(operationHelp(operation))
    return 0
  }
  const flags = readArguments(operation, rest)
  const given = flags.names.filter((name) => !isOption(name)).map((name) => [name, flags.get(name) ?? ''] as const)
  const parameters = new Map([...given, ['Action', operation.name], ['Version', version.version]])
  const { status, answer } = await ask(parameters, clientOptions(flags, around))
  if (status < 300) {
    const path = flags.get('print')
    around.print(path === undefined ? JSON.stringify(answer, null, 2) : member(answer, path))
    return 0
  }
  return refused(answer, around)
}

/** The member that a path such as KeyMetadata.KeyId names: a text as it is, anything else as JSON. */
function member(answer: unknown, path: string): string {
  const found = path.split('.').reduce<unknown>((value, name) => {
    const own = typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    return own ? (value as Record<string, unknown>)[name] : undefined
  }, answer)
  if (found === undefined) throw new UsageError(`the answer has no member \`${path}\``)
  return typeof found === 'string' ? found : JSON.stringify(found)
}

function readArguments(operation: CallOperation, args: readonly string[]): Flags {
  const help = `see \`strongroom ${operation.product.service} ${operation.name} --help\``
  const flags = flagsBy(
    args,
    (name) => (isOption(name) || isCommon(name, operation) || isDeclared(name, operation) ? 'value' : undefined),
    (flag, name) =>
      new UsageError(
        `${operation.name} has no parameter \`${flag}\`${didYouMean(name, Object.keys(operation.parameters))}: ${help}`,
      ),
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

function listing({ product, operations }: ProductVersion): string {
  const verb = product.service
  const width = Math.max(...[...operations.keys()].map((name) => name.length))
  return [
    `usage: strongroom ${verb} OPERATION [--Parameter value …] [--RegionId ID] [--print MEMBER] [--endpoint URL] [--ca-file FILE] [--data DIR]`,
    '',
    ...[...operations.values()].map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    `strongroom ${verb} OPERATION --help lists its parameters. --print with a member's name, such as RequestId, prints that member of the answer alone.`,
    'Endpoint: --endpoint or STRONGROOM_ENDPOINT (http://127.0.0.1:7700).',
    ...(product === KMS
      ? ['A cloud service that calls with its own AccessKey names the account by --ResourceOwnerId.']
      : []),
    'Credentials: ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and, with temporary ones, ALIBABA_CLOUD_SECURITY_TOKEN;',
    'without them root-credentials.json in --data (./data).',
  ].join('\n')
}

function operationHelp({ name, summary, parameters, refusals }: CallOperation): string {
  const entries: [string, Parameter<unknown>][] = Object.entries(parameters)
  const width = Math.max(0, ...entries.map(([parameter]) => parameter.length))
  const lines = entries.map(([parameter, { required, rule }]) => {
    return `  --${parameter.padEnd(width)}  ${required ? 'required' : 'optional'}  ${rule}`
  })
  return [
    `${name}: ${summary}`,
    '',
    ...(lines.length === 0 ? ['It takes no parameters.'] : lines),
    ...(refusals.length === 0 ? [] : ['', `It can refuse with ${refusals.join(', ')}.`]),
  ].join('\n')
}
