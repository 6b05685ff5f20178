// Opens ports and formats their endpoints.
import type { AddressInfo, Server } from 'node:net'
import { hostAndPort } from '../settings/row.ts'

/** Resolves when the server listens; rejects when it can't. */
export function listening(server: Server, host: string, port: number, backlog?: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, ...(backlog !== undefined && { backlog }) }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Returns the URL at which clients reach a server that listens on this host. */
export function endpointOf(server: Server, host: string, secure: boolean): string {
  const { port } = server.address() as AddressInfo
  return `${secure ? 'https' : 'http'}://${hostAndPort({ host, port })}`
}
