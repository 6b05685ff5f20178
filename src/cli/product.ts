// `strongroom kms|ram|sts|actiontrail OPERATION --Param value …`: calls an operation as the aliyun CLI does, and prints its JSON.
import { join } from 'node:path'
import type { Parameter } from '../api/parameters.ts'
import { isPiece } from '../api/pieces.ts'
import type { CallOperation, ProductVersion } from '../gateway/call.ts'
import { didYouMean } from '../settings/nearest.ts'
import { UsageError } from '../settings/usage-error.ts'
import { ask } from './ask.ts'
import type { ClientOptions } from './client.ts'
import type { Surroundings } from './surroundings.ts'

/** What `strongroom ram` does beside operations. */
export const RAM_VERBS: readonly string[] = ['explain', 'who-can']
const OPTIONS = ['endpoint', 'ca-file', 'data', 'print']

/** Runs the verb; answers the exit code. Throws UsageError. */
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
  const { parameters, options } = readArguments(operation, rest)
  parameters.set('Action', operation.name).set('Version', version.version)
  const { status, answer } = await ask(parameters, clientOptions(options, around))
  if (status < 300) {
    const path = options.get('print')
    around.print(path === undefined ? JSON.stringify(answer, null, 2) : member(answer, path))
    return 0
  }
  around.complain(`${answer['Code']}: ${answer['Message']} (RequestId ${answer['RequestId']})`)
  if (answer['AccessDeniedDetail']) around.complain(denied(answer['AccessDeniedDetail'] as Record<string, unknown>))
  return 1
}

/** Who was denied what, and by which kind of policies. */
function denied(detail: Record<string, unknown>): string {
  const of = (name: string) => String(detail[name] ?? '')
  const who = `${of('AuthPrincipalType')} ${of('AuthPrincipalDisplayName')}`
  return `${of('AuthAction')} for ${who}: ${of('NoPermissionType')} by ${of('PolicyType')} policies`
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

function readArguments(operation: CallOperation, args: readonly string[]) {
  const parameters = new Map<string, string>()
  const options = new Map<string, string>()
  for (let i = 0; i < args.length; i += 2) {
    const flag = args[i] ?? ''
    const name = flag.replace(/^--/, '')
    const value = args[i + 1]
    const into = OPTIONS.includes(name) ? options : parameters
    if (!flag.startsWith('--') || (into === parameters && name !== 'RegionId' && !isDeclared(name, operation)))
      throw new UsageError(
        `${operation.name} has no parameter \`${flag}\`${didYouMean(name, Object.keys(operation.parameters))}: see \`strongroom ${operation.product.service} ${operation.name} --help\``,
      )
    if (value === undefined) throw new UsageError(`\`${flag}\` needs a value`)
    if (into.has(name)) throw new UsageError(`\`${flag}\` is given twice`)
    into.set(name, value)
  }
  return { parameters, options }
}

/** A parameter, or a piece of one: Name.1.Member. */
function isDeclared(name: string, { parameters }: CallOperation): boolean {
  return Object.hasOwn(parameters, name) || isPiece(parameters, name)
}

/** From the environment; on the server's own machine, from the credentials that its first start left. */
export function clientOptions(options: ReadonlyMap<string, string>, { env, readFile }: Surroundings): ClientOptions {
  const caFile = options.get('ca-file') ?? env['STRONGROOM_CA_FILE'] ?? null
  const common = {
    endpoint: checkedEndpoint(options.get('endpoint') ?? (env['STRONGROOM_ENDPOINT'] || 'http://127.0.0.1:7700')),
    now: Date.now(),
    securityToken: env['ALIBABA_CLOUD_SECURITY_TOKEN'] || null,
    ca: caFile && readFile(caFile),
  }
  const [accessKeyId, accessKeySecret] = [env['ALIBABA_CLOUD_ACCESS_KEY_ID'], env['ALIBABA_CLOUD_ACCESS_KEY_SECRET']]
  if (accessKeyId && accessKeySecret) return { ...common, accessKeyId, accessKeySecret }
  const file = join(options.get('data') ?? env['STRONGROOM_DATA'] ?? './data', 'root-credentials.json')
  try {
    const credentials = JSON.parse(readFile(file)) as { accessKeyId: string; accessKeySecret: string }
    return { ...common, accessKeyId: credentials.accessKeyId, accessKeySecret: credentials.accessKeySecret }
  } catch {
    throw new UsageError(
      `no credentials: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET (there is no readable \`${file}\`)`,
    )
  }
}

function checkedEndpoint(endpoint: string): string {
  if (URL.canParse(endpoint) && /^https?:\/\//.test(endpoint)) return endpoint
  throw new UsageError(`the endpoint must be a URL such as http://127.0.0.1:7700, not \`${endpoint}\``)
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
    ...(lines.length === 0 ? ['It has no parameters.'] : lines),
    ...(refusals.length === 0 ? [] : ['', `It can refuse with ${refusals.join(', ')}.`]),
  ].join('\n')
}
