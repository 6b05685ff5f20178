// The server that a log-on calls. Since the former log-on, its certificate may have changed from a CA of its own to one that the system trusts.
// The CA is chosen before the first request with a secret, and no later request changes it.
import { type Answered, askPath, isUntrusted, reach } from './ask.ts'
import type { Server } from './client.ts'
import type { Surroundings } from './surroundings.ts'

/** How long the server may take to answer a request. */
const ANSWER_MS = 30_000

/**
 * Returns the server with the CA to trust. A CA that the user names comes first, then `keptCa`, the CA of the kept log-on. If `keptCa` did not
 * issue the server's certificate, this function trusts the CAs of the system, and tells the user so. Rejects as `ask`.
 */
export async function logOnServer(
  stated: Server,
  keptCa: string | null,
  { complain }: Pick<Surroundings, 'complain'>,
): Promise<Server> {
  if (stated.ca !== null || keptCa === null) return stated
  const kept = { ...stated, ca: keptCa }
  try {
    await reach({ ...kept, signal: inTime() })
    return kept
  } catch (error) {
    if (!isUntrusted(error as Error)) throw error
  }
  await reach({ ...stated, signal: inTime() })
  complain(
    `a CA that the system trusts issued the certificate of ${stated.endpoint}; the CA of the previous log-on did not: to trust another CA instead, name it with --ca-file`,
  )
  return stated
}

export function askLogOn(what: 'device' | 'token' | 'revoke', body: object, server: Server): Promise<Answered> {
  return askPath(`/console/log-on/${what}`, body, { ...server, signal: inTime() })
}

const inTime = () => AbortSignal.timeout(ANSWER_MS)
