// The load, in a process of its own: signs all requests in advance, then sends them over keep-alive connections and times the answers.
import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { percentEncode } from '../src/gateway/percent-encoding.ts'
import { rpcSignature, rpcStringToSign } from '../src/gateway/signature.ts'

/** The requests to send. `parameters` are used in turn; each request has its own nonce and signature. */
export interface Job {
  readonly endpoint: string
  /** The callers, in turn. */
  readonly callers: readonly { readonly accessKeyId: string; readonly accessKeySecret: string }[]
  readonly connections: number
  readonly requests: number
  readonly parameters: readonly Readonly<Record<string, string>>[]
  /**
   * The rate of an open loop: calls are due this often, however long answers take. Absent for a closed loop, where each connection sends
   * after its answer.
   */
  readonly duePerSecond?: number
}

export interface Measured {
  readonly perSecond: number
  readonly medianMs: number
  readonly p99Ms: number
  readonly failed: number
}

function signedRequests(job: Job): Buffer[] {
  const { host } = new URL(job.endpoint)
  const Timestamp = `${new Date().toISOString().slice(0, 19)}Z`
  return Array.from({ length: job.requests }, (_, i) => {
    const caller = job.callers[i % job.callers.length]
    if (!caller) throw new Error('nobody calls')
    const all = new Map(
      Object.entries({
        Version: '2016-01-20',
        ...job.parameters[i % job.parameters.length],
        Format: 'JSON',
        AccessKeyId: caller.accessKeyId,
        SignatureMethod: 'HMAC-SHA1',
        SignatureVersion: '1.0',
        SignatureNonce: randomUUID(),
        Timestamp,
      }),
    )
    all.set('Signature', rpcSignature('sha1', caller.accessKeySecret, rpcStringToSign('POST', all)).toString('base64'))
    const body = [...all].map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`).join('&')
    const head = `POST / HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: strongroom-bench\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n`
    return Buffer.from(head + body, 'latin1')
  })
}

async function run(job: Job): Promise<Measured> {
  const requests = signedRequests(job)
  const { hostname, port } = new URL(job.endpoint)
  const latencies: number[] = []
  let next = 0
  let failed = 0
  const sockets = await Promise.all(Array.from({ length: job.connections }, () => opened(hostname, Number(port))))
  const start = performance.now()
  const lanes = sockets.map(
    (lane) =>
      new Promise<void>((resolve, reject) => {
        let sentAt = 0
        const send = () => {
          const n = next++
          const request = requests[n]
          if (!request) return resolve()
          // In an open loop, a call's time counts from when it was due, even if no connection was free.
          sentAt = job.duePerSecond === undefined ? performance.now() : start + (n * 1000) / job.duePerSecond
          const early = sentAt - performance.now()
          if (early > 0) setTimeout(() => lane.socket.write(request), early)
          else lane.socket.write(request)
        }
        lane.socket.on('error', reject)
        lane.socket.on('close', () => reject(new Error('the server closed a connection')))
        lane.answered = (ok) => {
          if (!ok) failed++
          latencies.push(performance.now() - sentAt)
          send()
        }
        send()
      }),
  )
  await Promise.all(lanes)
  const seconds = (performance.now() - start) / 1000
  for (const { socket } of sockets) socket.removeAllListeners('close').destroy()
  latencies.sort((a, b) => a - b)
  const quantile = (q: number) => latencies[Math.floor(q * (latencies.length - 1))] ?? 0
  return { perSecond: job.requests / seconds, medianMs: quantile(0.5), p99Ms: quantile(0.99), failed }
}

/** A connection with one request in flight. `answered` gets each whole answer, and whether its status is 200. */
interface Lane {
  readonly socket: Socket
  answered: (ok: boolean) => void
}

/** Parses answers in one buffer, without Node's HTTP streams, so that the load costs less than the server. */
function opened(host: string, port: number): Promise<Lane> {
  return new Promise((resolve, reject) => {
    const buffer = Buffer.allocUnsafe(65_536)
    let awaited = 0
    let ok = false
    const callback = (length: number) => {
      if (awaited === 0) {
        ok = buffer[9] === 0x32
        awaited = answerBytes(buffer, length)
      }
      awaited -= length
      if (awaited === 0) lane.answered(ok)
      return true
    }
    const socket = connect({ host, port, noDelay: true, onread: { buffer, callback } }, () => resolve(lane))
    const lane: Lane = { socket, answered: () => {} }
    socket.once('error', reject)
  })
}

/** The length of the answer in the buffer. The loopback interface delivers its head in one piece. */
function answerBytes(buffer: Buffer, length: number): number {
  const head = buffer.toString('latin1', 0, Math.min(length, 512))
  const end = head.indexOf('\r\n\r\n')
  const at = head.search(/content-length: /i)
  return end + 4 + Number.parseInt(head.slice(at + 16), 10)
}

process.on('message', (job: Job) => {
  run(job).then(
    (measured) => process.send?.(measured),
    (error) => {
      process.stderr.write(`${error}\n`)
      process.exit(1)
    },
  )
})
