// The process that loads the PKCS #11 library. A library that blocks, leaks or crashes harms only this process. It serves batches of requests, and
// ends when no token can be reached, so that the next process starts with a fresh library.
import { Cluster } from './cluster.ts'
import { Cryptoki } from './cryptoki.ts'
import { Away, describeFault, Full, Late, Missing, Refused, SetupFault } from './faults.ts'
import { loadLibrary } from './library.ts'
import {
  BATCH,
  type FromModule,
  type Opening,
  type Reply,
  type Request,
  type TokenState,
  type ToModule,
  type Trouble,
} from './protocol.ts'
import { Token } from './token.ts'

/** How long the process starts requests before it sends replies and reads further requests. */
const STRETCH_MS = 5

let cluster: Cluster | null = null
let tokens: readonly Token[] = []
let replies: Reply[] = []
const requests: Request[] = []

function send(message: FromModule, sent?: () => void): void {
  process.send?.(message, undefined, undefined, () => sent?.())
}

function fail(reason: string, tokens: readonly TokenState[], setup = false): void {
  send({ news: 'failed', setup, reason, tokens }, () => process.exit(1))
}

async function open({ module, parameters, tokens: names, pin, sessions }: Opening): Promise<void> {
  try {
    const cryptoki = new Cryptoki(await loadLibrary({ module, parameters }))
    tokens = names.map(
      ({ name, leftAlone }) =>
        new Token(cryptoki, { name, pin, sessions, leftAlone }, (state) => cluster && send({ news: 'token', state })),
    )
    for (const token of tokens) {
      send({ news: 'opening', token: token.name })
      openIfThere(token)
    }
    const twice = tokens.find((token, i) => tokens.slice(0, i).some((other) => token.isSameAs(other)))
    if (twice)
      throw new SetupFault(`hsm-token names the token \`${twice.name}\` twice, by its label and by its serial number`)
    const states = tokens.map(({ state }) => state)
    if (!states.some(({ up }) => up)) return failAll(states)
    cluster = new Cluster(cryptoki, tokens)
    send({ news: 'ready', tokens: states })
  } catch (error) {
    fail((error as Error).message, [], error instanceof SetupFault)
  }
}

/** Ignores a token that is away, since the others may serve. */
function openIfThere(token: Token): void {
  try {
    token.open()
  } catch (error) {
    if (!(error instanceof Away)) throw error
  }
}

function failAll(states: readonly TokenState[]): void {
  fail(states.map(({ reason }) => reason).join('; '), states)
}

async function answer(request: Request): Promise<void> {
  const { number, work, ask, expiresAt } = request
  try {
    if (!cluster) throw new Away('the library is not open')
    // The cluster has a method for each work, by the same name.
    reply({ number, answer: await cluster[work](ask as never, expiresAt) })
  } catch (error) {
    reply({ number, trouble: troubleOf(error), reason: describeFault(error) })
  }
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof Late) return 'late'
  if (error instanceof Missing) return 'missing'
  if (error instanceof Refused) return 'refused'
  return error instanceof Full ? 'full' : 'away'
}

function reply(message: Reply): void {
  const waiting = replies.push(message)
  if (waiting >= BATCH) flush()
  else if (waiting === 1) setImmediate(flush)
}

function flush(): void {
  if (replies.length === 0) return
  const batch = replies
  replies = []
  send({ replies: batch })
  if (cluster?.states.every(({ up }) => !up)) failAll(cluster.states)
}

/** Starts some of the requests. Replies are sent before it starts further ones. */
function pump(): void {
  const since = performance.now()
  let begun = 0
  while (begun < BATCH && begun < requests.length && performance.now() - since < STRETCH_MS)
    void answer(requests[begun++] as Request)
  requests.splice(0, begun)
  if (requests.length > 0) setImmediate(pump)
}

process.on('message', (message: ToModule) => {
  if ('open' in message) void open(message.open)
  else if ('refused' in message)
    for (const token of tokens.filter(({ name }) => message.refused.includes(name))) token.refusePin()
  else if (requests.push(...message.requests) === message.requests.length) pump()
})
// The service has ended.
process.on('disconnect', () => process.exit(0))
// The terminal's signals are for the service, which ends this process when its calls are done.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
