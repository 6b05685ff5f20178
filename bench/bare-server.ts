// The limit: a bare node:http server that reads the same body and answers with as many bytes.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const body = Buffer.alloc(Number(process.argv[2]), 'x')
const headers = {
  'content-type': 'application/json;charset=utf-8',
  'content-length': body.length,
  'x-acs-request-id': '00000000-0000-0000-0000-000000000000',
}
const server = createServer((request, response) => {
  request.on('data', () => {})
  request.on('end', () => {
    response.writeHead(200, headers)
    response.end(body)
  })
})
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(
    `${JSON.stringify({ event: 'ready', endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })}\n`,
  )
})
