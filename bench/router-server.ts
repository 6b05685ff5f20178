// The least cost of a router: a bare node:http server that reads a request, takes the shard from its AccessKeyId, and forwards the request
// to the only cell. It has no limits and no TLS.
import { Agent, createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { shardIn } from './cells/hint.ts'

const cell = new URL(process.argv[2] ?? '')
const key = Buffer.alloc(32, 7)
const agent = new Agent({ keepAlive: true, maxSockets: 256 })

const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    const body = Buffer.concat(parts)
    const id = /(?:^|&)AccessKeyId=([^&]*)/.exec(body.toString('latin1'))?.[1] ?? ''
    const shard = String(shardIn(id, key) ?? '')
    const { hostname, port } = cell
    const onward = send({
      hostname,
      port,
      method: 'POST',
      path: request.url,
      headers: { ...request.headers, shard },
      agent,
    })
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.writeHead(502).end())
    onward.end(body)
  })
})
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ event: 'ready', endpoint: `http://127.0.0.1:${port}` })}\n`)
})
