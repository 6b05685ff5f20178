// What the server listens with: certificates, limits of connections, and the addresses by region.
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { Limits } from '../gateway/limits.ts'
import { ServerCertificate, type Tls } from '../gateway/server-certificate.ts'
import type { Address } from '../settings/listen.ts'
import type { Settings } from '../settings/settings.ts'
import { fileOf } from '../settings/sources.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Log } from './log.ts'

/** The certificate and key of the settings, or of the local CA; null for plain HTTP. */
export async function certificateOf({ tls, data }: Settings, log: Log): Promise<ServerCertificate | null> {
  if (!tls) return null
  if ('cert' in tls) return new ServerCertificate(certificateIn(tls))
  // Loaded on demand: the certificate library takes longer than the rest of the start.
  const { selfSigned } = await import('../gateway/certificates.ts')
  const generated = await selfSigned(join(data, 'tls'), [...tls.selfSignedFor, hostname()], Date.now())
  log.info({ ca: generated.caFile }, 'serving HTTPS with a certificate of the local CA: give this file to clients')
  return new ServerCertificate(generated)
}

/** Throws UsageError, which names the setting, if a file can't be used. */
function certificateIn(files: Tls): Tls {
  const read = (path: string) => readFileSync(path, 'utf8')
  return usablePair(files, { cert: fileOf('tls-cert', files.cert, read), key: fileOf('tls-key', files.key, read) })
}

/** Returns the content of these files. Throws UsageError, which names the setting, if OpenSSL can't use it. */
export function usablePair(files: Tls, { cert, key }: Tls): Tls {
  usable({ cert }, `the file \`${files.cert}\` of \`tls-cert\` is no certificate chain (PEM)`)
  usable({ cert, key }, `the file \`${files.key}\` of \`tls-key\` is not the private key (PEM) of \`tls-cert\``)
  return { cert, key }
}

/** Throws UsageError, which begins with `otherwise`, unless OpenSSL can use these texts. */
function usable(texts: Partial<Tls>, otherwise: string): void {
  try {
    // Node would ignore it, and refuse each handshake.
    if (Object.values(texts).includes('')) throw new Error('the file is empty')
    createSecureContext(texts)
  } catch (error) {
    // OpenSSL's messages contain no part of a key.
    throw new UsageError(`${otherwise}: ${(error as Error).message}`)
  }
}

/** The path of the local CA's certificate, which exists once the server has started; null where no local CA is used. */
export function localAuthority({ tls, data }: Pick<Settings, 'tls' | 'data'>): string | null {
  return tls && !('cert' in tls) ? join(data, 'tls', 'ca.pem') : null
}

/** File descriptors that stay free for the database, the HSM, the log and the rest. */
const RESERVED_FILES = 256

/** The limits of the settings, lowered to the number of open files that the system allows each serving process. */
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

/** How many of the wanted connections get a descriptor: all of them if `limits` (/proc/self/limits) can't be read. */
export function affordableConnections(wanted: number, limits: () => string): number {
  try {
    const open = /^Max open files\s+(\d+)/m.exec(limits())?.[1]
    return open === undefined ? wanted : Math.max(1, Math.min(wanted, Number(open) - RESERVED_FILES))
  } catch {
    return wanted
  }
}

/** The first address of each region, for clients that do not name their region. */
export function endpointsByRegion(
  addresses: readonly Address[],
  endpoints: readonly string[],
  defaultRegion: string,
): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [i, { region }] of addresses.entries()) found[region ?? defaultRegion] ??= endpoints[i] ?? ''
  return found
}
