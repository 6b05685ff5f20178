// The loopback port to which a browser delivers the code of a log-on (RFC 8252).
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer } from '../runtime/http.ts'

/** What the browser delivered. */
export type Brought = { readonly code: string } | { readonly error: string }

interface Loopback extends Disposable {
  readonly port: number
  /** The delivery, and a function that sends the browser on to another address. Rejects when the signal aborts. */
  brought(signal: AbortSignal): Promise<{ readonly brought: Brought; sendOn(url: string): Promise<void> }>
}

/** Listens on 127.0.0.1 for a request with this state. Refuses any other request, and goes on waiting. */
export async function listenOnLoopback(state: string): Promise<Loopback> {
  const found = Promise.withResolvers<{ brought: Brought; response: ServerResponse }>()
  const server = createServer((request, response) => {
    const brought = broughtBy(request, port, state)
    if (brought) return found.resolve({ brought, response })
    response.writeHead(404).end()
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    async brought(signal) {
      signal.throwIfAborted()
      signal.addEventListener('abort', () => found.reject(signal.reason), { once: true })
      const { brought, response } = await found.promise
      const sendOn = (url: string) =>
        new Promise<void>((sent) => {
          response.writeHead(303, { location: url, connection: 'close' }).end(sent)
          response.once('close', sent)
        })
      return { brought, sendOn }
    },
    [Symbol.dispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function broughtBy({ method, url = '', headers }: IncomingMessage, port: number, state: string): Brought | null {
  const [path, query] = url.split('?', 2)
  const brought = new URLSearchParams(query)
  // DNS rebinding: a web name that resolves to this machine is another host.
  const isOwn = headers.host === `127.0.0.1:${port}`
  if (method !== 'GET' || path !== '/' || !isOwn || brought.get('state') !== state) return null
  const [code, error] = [brought.get('code'), brought.get('error')]
  return code ? { code } : error ? { error } : null
}
