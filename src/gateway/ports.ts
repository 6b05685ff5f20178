// Opens ports and formats their endpoints.
import type { AddressInfo, Server } from 'node:net'
import { hostAndPort } from '../settings/row.ts'

/** Resolves when the server listens; rejects with a remedy when it can't. */
export function listening(server: Server, host: string, port: number, backlog?: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) => {
      const address = hostAndPort({ host, port })
      const remedy = cause.code === 'EADDRINUSE' ? 'choose another address, or free this one' : 'choose another address'
      reject(new Error(`\`${address}\` can't be used: ${cause.message}: ${remedy}`, { cause }))
    }
    server.once('error', failed)
    server.listen({ port, host, ...(backlog !== undefined && { backlog }) }, () => {
      server.off('error', failed)
      resolve()
    })
  })
}

/** Returns the URL at which clients reach a server that listens on this host. */
export function endpointOf(server: Server, host: string, secure: boolean): string {
  const { port } = server.address() as AddressInfo
  return `${secure ? 'https' : 'http'}://${hostAndPort({ host, port })}`
}
