// The load, in a process of its own: signs all requests beforehand, then sends them over keep-alive connections and times the answers.
import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { percentEncode, rpcSignature, rpcStringToSign } from '../src/gateway/signature.ts'

/** What to send. `parameters` are cycled through; each request is signed with a nonce of its own. */
export interface Job {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly connections: number
  readonly requests: number
  readonly parameters: readonly Readonly<Record<string, string>>[]
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
    const all = new Map(
      Object.entries({
        ...job.parameters[i % job.parameters.length],
        Version: '2016-01-20',
        Format: 'JSON',
        AccessKeyId: job.accessKeyId,
        SignatureMethod: 'HMAC-SHA1',
        SignatureVersion: '1.0',
        SignatureNonce: randomUUID(),
        Timestamp,
      }),
    )
    all.set('Signature', rpcSignature('sha1', job.accessKeySecret, rpcStringToSign('POST', all)).toString('base64'))
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
    (socket) =>
      new Promise<void>((resolve, reject) => {
        let sentAt = 0
        let awaited = -1
        let received = 0
        const send = () => {
          const request = requests[next++]
          if (!request) return resolve()
          awaited = -1
          received = 0
          sentAt = performance.now()
          socket.write(request)
        }
        socket.on('error', reject)
        socket.on('close', () => reject(new Error('the server closed a connection')))
        socket.on('data', (chunk) => {
          received += chunk.length
          if (awaited < 0) {
            const text = chunk.toString('latin1')
            const end = text.indexOf('\r\n\r\n')
            awaited = end + 4 + Number(/content-length: (\d+)/i.exec(text)?.[1])
            if (!text.startsWith('HTTP/1.1 200')) failed++
          }
          if (received < awaited) return
          latencies.push(performance.now() - sentAt)
          send()
        })
        send()
      }),
  )
  await Promise.all(lanes)
  const seconds = (performance.now() - start) / 1000
  for (const socket of sockets) socket.removeAllListeners('close').destroy()
  latencies.sort((a, b) => a - b)
  const quantile = (q: number) => latencies[Math.floor(q * (latencies.length - 1))] ?? 0
  return { perSecond: job.requests / seconds, medianMs: quantile(0.5), p99Ms: quantile(0.99), failed }
}

function opened(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true }, () => resolve(socket))
    socket.once('error', reject)
  })
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
