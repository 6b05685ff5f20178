// The certificate that the HTTPS ports of a process share. It can be replaced while connections are open.
import type { RequestListener } from 'node:http'
import { createServer, type Server, type ServerOptions } from 'node:https'

/** Certificate chain and private key, PEM. */
export interface Tls {
  readonly cert: string
  readonly key: string
}

const MIN_VERSION = 'TLSv1.2'

export class ServerCertificate {
  #tls: Tls
  readonly #servers: Server[] = []

  constructor(tls: Tls) {
    this.#tls = tls
  }

  get tls(): Tls {
    return this.#tls
  }

  /** Returns a server that does not listen yet, and that always shows the latest certificate. */
  server(options: ServerOptions, serve?: RequestListener): Server {
    const server = createServer({ ...options, ...this.#tls, minVersion: MIN_VERSION }, serve)
    this.#servers.push(server)
    return server
  }

  /** New connections get this certificate; open ones go on. OpenSSL must be able to use it. */
  replace(tls: Tls): void {
    // An option of TLS that is omitted here returns to its default.
    for (const server of this.#servers) server.setSecureContext({ ...tls, minVersion: MIN_VERSION })
    this.#tls = tls
  }
}
