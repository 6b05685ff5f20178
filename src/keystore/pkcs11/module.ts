// The process that holds the PKCS #11 library: whatever that does, blocking, leaking or crashing, it does to this process alone.
// It serves batches of requests, and ends when no token can be reached, so that the next one begins with a fresh library.
import { Cluster } from './cluster.ts'
import { Cryptoki } from './cryptoki.ts'
import { Away, Full, Missing, SetupFault } from './faults.ts'
import {
  BATCH,
  type FromModule,
  monotonicMs,
  type Opening,
  type Reply,
  type Request,
  type TokenState,
  type ToModule,
  type Trouble,
} from './protocol.ts'
import { Token } from './token.ts'

let cluster: Cluster | null = null
let replies: Reply[] = []
const requests: Request[] = []

function send(message: FromModule, sent?: () => void): void {
  process.send?.(message, undefined, undefined, () => sent?.())
}

function fail(cause: 'setup' | 'pin' | 'away', reason: string): void {
  send({ news: 'failed', cause, reason }, () => process.exit(1))
}

async function open(opening: Opening): Promise<void> {
  const { tokens: names, pin, sessions } = opening
  try {
    const cryptoki = await Cryptoki.load(opening)
    const tokens = names.map(
      (name) => new Token(cryptoki, { name, pin, sessions }, (state) => cluster && send({ news: 'token', state })),
    )
    for (const token of tokens)
      try {
        token.open()
      } catch (error) {
        // The others may serve.
        if (!(error instanceof Away)) throw error
      }
    const states = tokens.map(({ state }) => state)
    if (!states.some(({ up }) => up)) return failAll(states)
    cluster = new Cluster(cryptoki, tokens)
    send({ news: 'ready', tokens: states })
  } catch (error) {
    fail(error instanceof SetupFault ? 'setup' : 'away', (error as Error).message)
  }
}

function failAll(states: readonly TokenState[]): void {
  const cause = states.some(({ pinRefused }) => pinRefused) ? 'pin' : 'away'
  fail(cause, states.map(({ reason }) => reason).join('; '))
}

async function answer(request: Request): Promise<void> {
  const { number, work, ask } = request
  try {
    if (request.expiresAt < monotonicMs()) return reply({ number, trouble: 'late', reason: 'the call waited too long' })
    if (!cluster) throw new Away('the library is not open')
    // Each work is the method of its name, and takes what is asked of it.
    reply({ number, answer: await cluster[work](ask as never) })
  } catch (error) {
    reply({ number, trouble: troubleOf(error), reason: (error as Error).message })
  }
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof Missing) return 'missing'
  return error instanceof Full ? 'full' : 'away'
}

function reply(one: Reply): void {
  const waiting = replies.push(one)
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

/** Begins some of what was asked, and lets answers out before it goes on. */
function pump(): void {
  for (const request of requests.splice(0, BATCH)) void answer(request)
  if (requests.length > 0) setImmediate(pump)
}

process.on('message', (message: ToModule) => {
  if ('open' in message) void open(message.open)
  else if (requests.push(...message.requests) === message.requests.length) pump()
})
// The service is gone: nobody is left to serve.
process.on('disconnect', () => process.exit(0))
// The terminal's signals are the service's: it ends this process when its calls are done.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
