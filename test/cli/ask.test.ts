// What the command line says about a server that it can't verify.
import assert from 'node:assert/strict'
import { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { it } from 'node:test'
import { reach } from '../../src/cli/ask.ts'
import { certificateOf, newPair } from '../certificates.ts'

it('says that no trusted authority issued the certificate, whichever part of the chain is missing', async () => {
  const [rootKey, betweenKey, hostKey] = await Promise.all([newPair(), newPair(), newPair()])
  const root = await certificateOf('Root', rootKey, 'Root', rootKey)
  const between = await certificateOf('Between', betweenKey, 'Root', rootKey)
  const host = await certificateOf('localhost', hostKey, 'Between', betweenKey)
  const key = KeyObject.from(hostKey.privateKey).export({ type: 'pkcs8', format: 'pem' })
  const reached = async (sent: string, ca: string) => {
    const server = createServer({ key, cert: sent }, (_, response) => response.end('{}'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    try {
      return await reach({ endpoint: `https://localhost:${(server.address() as AddressInfo).port}`, ca })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  }
  await reached(host + between, root)
  const untrusted = /^Error: no trusted authority issued the certificate of .*: name the file of its CA with --ca-file/
  const stranger = await certificateOf('Stranger', rootKey, 'Stranger', rootKey)
  await assert.rejects(reached(host + between, stranger), untrusted)
  await assert.rejects(reached(host + between, between), untrusted)
  await assert.rejects(reached(host, root), untrusted)
})
