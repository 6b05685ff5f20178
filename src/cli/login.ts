// `strongroom login` and `logout`: a session of the user who is logged on to the console, for the verbs that call a server
// (docs/decisions/0035-log-on-of-the-command-line.md).
import { createHash, randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { isoSeconds } from '../api/time.ts'
import { codeOf } from '../console/browser/service/code-to-compare.ts'
import { readFlags } from '../settings/flags.ts'
import { isLoopback } from '../settings/listen.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Answered } from './ask.ts'
import type { Server } from './client.ts'
import { serverOptions, statedEndpoint } from './client-options.ts'
import { printsHelp } from './help.ts'
import { forgetLogOn, type KeptLogOn, keepLogOn, keptLogOn } from './kept-log-ons.ts'
import { askLogOn, logOnServer } from './log-on-server.ts'
import { listenOnLoopback } from './loopback.ts'
import { refusal, refused } from './refused.ts'
import type { Surroundings } from './surroundings.ts'
import { browserCommands, openInBrowser } from './web-browser.ts'

const LOGIN = `usage: strongroom login [--device] [--endpoint URL] [--ca-file FILE]

Logs this command line on as the user who is logged on to the server's console, with the same permissions and the same second factor.
It opens the console in a browser, where the user compares a code and allows the log-on. The verbs that call this server then use this
session.

  --device  shows a code to type into the console on any machine; this is the default without a desktop, and in an SSH session

The session ends with the console's session: at its log-off, when the password or the user changes, or after its duration.
\`strongroom logout\` ends it, too. The command stores the credentials in ~/.config/strongroom/log-ons, where only you can read them.
It also stores the certificates of --ca-file there: verbs that use the session trust them for this server.
Endpoint: --endpoint, STRONGROOM_ENDPOINT, or http://127.0.0.1:7700.`

const LOGOUT = `usage: strongroom logout [--endpoint URL] [--ca-file FILE]

Ends the session of \`strongroom login\` at its server, and deletes its credentials. The console stays logged on.
Without --endpoint and STRONGROOM_ENDPOINT, it ends the latest log-on.`

/** How long a person may take to allow the log-on. */
const PATIENCE_MS = 10 * 60_000
/** The longest pause, in seconds, between two requests to a server that does not answer. */
const LONGEST_PAUSE = 60

type Answer = Answered['answer']

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function login(args: readonly string[], around: Surroundings): Promise<number> {
  if (printsHelp(args, LOGIN, around)) return 0
  const flags = readFlags(args, { endpoint: 'value', 'ca-file': 'value', device: 'bare' }, 'login')
  const stated = serverOptions(flags, around)
  const former = keptLogOn(stated.endpoint, around)
  if (isPlain(stated.endpoint))
    around.complain(
      `${stated.endpoint} is plain HTTP: others on the network can read the session's secret, and act in your name; use https://, with --ca-file for a CA of your own`,
    )
  const server = await logOnServer(stated, former?.ca ?? null, around)
  const browsers = flags.has('device') ? [] : browserCommands(around)
  const answer = browsers.length > 0 ? await byBrowser(browsers, server, around) : await byCode(server, around)
  if (answer['Code'] !== undefined) return refused(answer, around)
  const { endpoint, ca } = server
  const logOn = {
    endpoint,
    ca,
    accessKeyId: String(answer['AccessKeyId']),
    accessKeySecret: String(answer['AccessKeySecret']),
    securityToken: String(answer['SecurityToken']),
    arn: String(answer['Arn']),
    since: isoSeconds(Date.now()),
    expiration: String(answer['Expiration']),
  }
  await keepLogOn(logOn, around)
  around.print(`logged on to ${endpoint} as ${logOn.arn}, until ${logOn.expiration}`)
  if (around.env['ALIBABA_CLOUD_ACCESS_KEY_ID'])
    around.complain('ALIBABA_CLOUD_ACCESS_KEY_ID is set, and takes precedence over this log-on: unset it')
  if (around.env['STRONGROOM_DATA'])
    around.complain(
      'STRONGROOM_DATA is set, and the credentials in that folder take precedence over this log-on: unset it',
    )
  const configured = around.env['STRONGROOM_ENDPOINT']
  if (configured && new URL(configured).origin !== new URL(endpoint).origin)
    around.complain(
      `STRONGROOM_ENDPOINT is set to ${configured}, and this log-on is to ${endpoint}: unset it, or use --endpoint`,
    )
  if (former && Date.parse(former.expiration) > Date.now()) await end(former, server)
  return 0
}

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function logout(args: readonly string[], around: Surroundings): Promise<number> {
  if (printsHelp(args, LOGOUT, around)) return 0
  const flags = readFlags(args, { endpoint: 'value', 'ca-file': 'value' }, 'logout')
  const stated = statedEndpoint(flags, around)
  const logOn = keptLogOn(stated, around)
  if (!logOn) throw new UsageError(`this command line is not logged on${stated === null ? '' : ` to ${stated}`}`)
  const asStated = serverOptions(flags, around, { endpoint: logOn.endpoint })
  forgetLogOn(logOn, around)
  const left = `the credentials on this machine are deleted; the session lasts until ${logOn.expiration}, or until the console logs off`
  const ending = logOnServer(asStated, logOn.ca ?? null, around).then((server) => end(logOn, server))
  const answer = await ending.catch((error: Error) => {
    throw new Error(`${error.message}; ${left}`)
  })
  if (answer['Code'] !== undefined) {
    around.complain(left)
    return refused(answer, around)
  }
  around.print(`logged off from ${logOn.endpoint}`)
  return 0
}

async function end({ securityToken }: KeptLogOn, server: Server): Promise<Answer> {
  return (await askLogOn('revoke', { SecurityToken: securityToken }, server)).answer
}

/** RFC 8252: the browser of this machine delivers the code to a loopback port. Only this process can exchange the code (RFC 7636). */
async function byBrowser(browsers: readonly string[], server: Server, around: Surroundings): Promise<Answer> {
  const [verifier, state] = [randomBytes(32).toString('base64url'), randomBytes(16).toString('base64url')]
  using loopback = await listenOnLoopback(state)
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const code = codeOf(challenge)
  const page = new URL('/console/command-line', server.endpoint)
  page.search = new URLSearchParams({
    name: ownName(),
    port: String(loopback.port),
    state,
    challenge,
  }).toString()
  around.complain(`log on in the browser, and allow it only if the page shows the code ${code}:\n${page}`)
  openInBrowser(browsers, page.href, () =>
    around.complain('the browser did not open: open the address above on this machine, or use --device'),
  )
  around.status('waiting for the browser')
  const { brought, sendOn } = await loopback.brought(AbortSignal.timeout(PATIENCE_MS)).catch(() => {
    throw new Error(`nobody allowed the log-on within ${PATIENCE_MS / 60_000} minutes`)
  })
  around.status('')
  const answer =
    'code' in brought ? (await askLogOn('token', { Code: brought.code, Verifier: verifier }, server)).answer : null
  const way = answer && answer['Code'] === undefined ? 'done' : 'failed'
  await sendOn(new URL(`/console/command-line?end=${way}`, server.endpoint).href)
  if (!answer) throw new Error('the log-on was denied in the console')
  return answer
}

/**
 * RFC 8628: a person types the code into the console on any machine. While the code lasts, this asks a server that can't be reached or
 * reports trouble of its own at growing intervals (section 3.5): the person may have allowed the log-on meanwhile.
 */
async function byCode(server: Server, around: Surroundings): Promise<Answer> {
  const { answer: begun } = await askLogOn('device', { Name: ownName() }, server)
  if (begun['Code'] !== undefined) return begun
  const page = new URL('/console/device', server.endpoint)
  around.complain(`open this page on any machine, and type the code ${begun['UserCode']}:\n${page}`)
  around.status('waiting for the console')
  const until = performance.now() + Number(begun['ExpiresIn']) * 1000
  let interval = Number(begun['Interval'])
  let trouble = ''
  for (let seconds = interval; performance.now() < until; ) {
    await pause(seconds * 1000)
    const outcome = await askLogOn('token', { DeviceCode: begun['DeviceCode'] }, server).catch((error: Error) => error)
    const now = troubleIn(outcome)
    if (now !== '' && now !== trouble) around.complain(`${now}; asking again until the code ends`)
    trouble = now
    if (outcome instanceof Error || outcome.status >= 500) {
      seconds = Math.min(2 * seconds, LONGEST_PAUSE)
      continue
    }
    const { answer } = outcome
    if (answer['Code'] === 'LogOn.Throttled') interval += 5
    else if (answer['Code'] !== 'LogOn.Pending') {
      around.status('')
      return answer
    }
    seconds = interval
  }
  around.status('')
  throw new Error(`the code has expired: begin again${trouble === '' ? '' : ` (${trouble})`}`)
}

/** The server's trouble, which says nothing about the code; '' where there is none. */
function troubleIn(outcome: Answered | Error): string {
  if (outcome instanceof Error) return outcome.message
  return outcome.status < 500 ? '' : refusal(outcome.answer).join('; ')
}

/** Whether others on the network can read the connection. */
function isPlain(endpoint: string): boolean {
  const { protocol, hostname } = new URL(endpoint)
  return protocol === 'http:' && !isLoopback(hostname.replace(/^\[|\]$/g, ''))
}

/** The name of this command line on the console's page. */
function ownName(): string {
  return `${userInfo().username}@${hostname()}`.replace(/\p{C}/gu, '').slice(0, 64)
}
