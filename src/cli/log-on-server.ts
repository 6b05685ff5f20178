// The server of a log-on. Its certificate may come from another authority by now than at the former log-on.
import { type Answered, askPath, isUntrusted } from './ask.ts'
import type { Server } from './client.ts'

/** How long the server may take to answer a request. */
const ANSWER_MS = 30_000

export class LogOnServer {
  #server: Server
  /** How to ask under the authorities that the system trusts; null where there is no other way left. */
  #bySystem: Server | null

  /** Trusts `keptCa`, the CA of a kept log-on, unless the user names a CA. */
  constructor(stated: Server, keptCa: string | null) {
    const isKept = stated.ca === null && keptCa !== null
    this.#server = isKept ? { ...stated, ca: keptCa } : stated
    this.#bySystem = isKept ? stated : null
  }

  get endpoint(): string {
    return this.#server.endpoint
  }

  /** The CA to trust; null for the authorities that the system trusts. */
  get ca(): string | null {
    return this.#server.ca
  }

  async ask(what: 'device' | 'token' | 'revoke', body: object): Promise<Answered> {
    try {
      return await asked(what, body, this.#server)
    } catch (error) {
      // The request did not reach the server, so it can be sent again.
      if (!this.#bySystem || !isUntrusted(error as Error)) throw error
      const answered = await asked(what, body, this.#bySystem)
      this.#server = this.#bySystem
      this.#bySystem = null
      return answered
    }
  }
}

function asked(what: string, body: object, server: Server): Promise<Answered> {
  return askPath(`/console/log-on/${what}`, body, { ...server, signal: AbortSignal.timeout(ANSWER_MS) })
}
