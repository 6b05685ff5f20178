// What the server listens with: certificates, limits of connections, and the addresses by region.
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Tls } from '../gateway/edge.ts'
import type { Limits } from '../gateway/limits.ts'
import type { Address } from '../settings/listen.ts'
import type { Settings } from '../settings/settings.ts'
import type { Log } from './log.ts'

/** The certificate and key of the settings, or of the local CA; null for plain HTTP. */
export async function tlsOf({ tls, data }: Settings, log: Log): Promise<Tls | null> {
  if (!tls) return null
  if ('cert' in tls) return { cert: readFileSync(tls.cert, 'utf8'), key: readFileSync(tls.key, 'utf8') }
  // Loaded only where it is needed: the certificate library takes longer than the rest of the start.
  const { selfSigned } = await import('../gateway/certificates.ts')
  const made = await selfSigned(join(data, 'tls'), [...tls.selfSignedFor, hostname()], Date.now())
  log.info({ ca: made.caFile }, 'serving HTTPS with a certificate of the local CA: give this file to clients')
  return made
}

/** Where the certificate of the local CA is once the server has started; null where none is used. */
export function localAuthority({ tls, data }: Pick<Settings, 'tls' | 'data'>): string | null {
  return tls && !('cert' in tls) ? join(data, 'tls', 'ca.pem') : null
}

/** Descriptors kept for the database, the HSM, the log and the rest. */
const RESERVED_FILES = 256

/** Returns the limits of the settings, lowered to the open files that the system allows each of the processes that serve. */
export function connectionLimits(
  { maxConnections: wanted, maxConnectionsPerSource }: Settings,
  log: Log,
  processes = 1,
): Partial<Limits> {
  const share = Math.ceil(wanted / processes)
  const affordable = affordableConnections(share, () => readFileSync('/proc/self/limits', 'utf8'))
  const maxConnections = affordable < share ? affordable * processes : wanted
  if (maxConnections < wanted)
    log.warn(
      { maxConnections, wanted },
      'fewer connections than set: the system limits open files (ulimit -n, LimitNOFILE)',
    )
  return { maxConnections, maxConnectionsPerSource }
}

/** Returns how many of the wanted connections have descriptors: all of them if `limits` (/proc/self/limits) can't be read. */
export function affordableConnections(wanted: number, limits: () => string): number {
  try {
    const open = /^Max open files\s+(\d+)/m.exec(limits())?.[1]
    return open === undefined ? wanted : Math.max(1, Math.min(wanted, Number(open) - RESERVED_FILES))
  } catch {
    return wanted
  }
}

/** Returns the first address of each region, for clients that do not name their region. */
export function endpointsByRegion(
  addresses: readonly Address[],
  endpoints: readonly string[],
  defaultRegion: string,
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [i, { region }] of addresses.entries()) found[region ?? defaultRegion] ??= endpoints[i] ?? ''
  return found
}
