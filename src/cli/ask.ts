// Calls a server for the command line. Trouble with the server or the network becomes one sentence with a remedy.
import { jsonObjectIn } from '../runtime/json.ts'
import { lacksTrustedRoot } from '../runtime/tls-errors.ts'
import { type ClientOptions, callOperation, postJson, type Response, type Server, type Way } from './client.ts'

export interface Answered {
  readonly status: number
  readonly answer: Readonly<Record<string, unknown>>
}

/**
 * Calls the operation. Rejects with a remedy when no Strongroom replies. When the credentials have expired, the refusal's message says how
 * to renew them.
 */
export async function ask(parameters: ReadonlyMap<string, string>, options: ClientOptions): Promise<Answered> {
  const { renewal } = options
  const { status, answer } = await answered(callOperation(parameters, options), options).catch((error: Error) => {
    // A log-on trusts only the CA that it keeps; a new log-on also tries those of the system.
    throw renewal && isUntrusted(error)
      ? new Error(`${error.message}, or log on again with \`strongroom login\``)
      : error
  })
  if (!renewal || answer['Code'] !== 'InvalidSecurityToken.Expired') return { status, answer }
  return { status, answer: { ...answer, Message: `${answer['Message']} ${renewal}` } }
}

/** Posts a request that is no operation and needs no signature. Resolves with refusals, too; rejects as `ask`. */
export async function askPath(path: string, body: object, server: Server & Pick<Way, 'signal'>): Promise<Answered> {
  return answered(postJson(path, body, server), server)
}

/** Connects to the server, which verifies its certificate. Sends nothing secret, and ignores the answer. Rejects as `ask`. */
export async function reach(server: Server & Pick<Way, 'signal'>): Promise<void> {
  await received(postJson('/healthz', {}, server), server)
}

async function answered(responding: Promise<Response>, server: Server): Promise<Answered> {
  const { endpoint } = server
  const { status, type, body } = await received(responding, server)
  const answer = jsonObjectIn(body)
  // Every answer of the API has a RequestId; every refusal also has a Code.
  if (answer && typeof answer['RequestId'] === 'string' && (status < 300 || typeof answer['Code'] === 'string'))
    return { status, answer }
  throw new Error(
    `${endpoint} is not a Strongroom server: it answered ${status}${type ? ` with ${type}` : ''}; set the address of your server with --endpoint or STRONGROOM_ENDPOINT`,
  )
}

function received(responding: Promise<Response>, { endpoint }: Server): Promise<Response> {
  return responding.catch((error: unknown) => {
    throw new Error(troubleOf(error as NodeJS.ErrnoException, endpoint), { cause: error })
  })
}

/** Whether `ask` or `askPath` rejected since the server's certificate is of no authority that the command line trusts. */
export function isUntrusted({ cause }: Error): boolean {
  return lacksTrustedRoot((cause as NodeJS.ErrnoException | undefined)?.code ?? '')
}

function troubleOf({ code = '', message }: NodeJS.ErrnoException, endpoint: string): string {
  const other = (scheme: string) => endpoint.replace(/^https?/, scheme)
  if (lacksTrustedRoot(code))
    return `no trusted authority issued the certificate of ${endpoint}: name the file of its CA with --ca-file or STRONGROOM_CA_FILE`
  if (code === 'ABORT_ERR') return `${endpoint} did not answer in time`
  if (code === 'EPROTO' || code.startsWith('ERR_SSL'))
    return `${endpoint} does not speak HTTPS: try ${other('http')}, or another port`
  if (code.startsWith('HPE_')) return `${endpoint} does not speak HTTP: try ${other('https')}, or another port`
  const reset = code === 'ECONNRESET' && endpoint.startsWith('http:')
  return `${endpoint} can't be reached: ${message || code}: ${
    reset ? `does it speak HTTPS (${other('https')})?` : 'is `strongroom serve` running there?'
  }`
}
