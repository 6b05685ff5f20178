// The log-ons that `strongroom login` stores: one file of credentials for each server. Credentials go to no other server.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../settings/usage-error.ts'
import { readPrivate, writePrivate } from './private-file.ts'
import type { Surroundings } from './surroundings.ts'

export interface KeptLogOn {
  readonly endpoint: string
  /** The certificates of this server's CA in PEM, from --ca-file; null or missing for the CAs that the system trusts. */
  readonly ca?: string | null
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken: string
  /** The principal. */
  readonly arn: string
  /** ISO 8601. */
  readonly since: string
  readonly expiration: string
}

/**
 * The log-on to this server, or for null the latest log-on to any server; null where there is none. Throws UsageError for an unfit file:
 * the command never falls back to other credentials.
 */
export function keptLogOn(endpoint: string | null, around: Surroundings): KeptLogOn | null {
  if (endpoint !== null) return readAt(pathOf(endpoint, around), around)
  const all = names(around).flatMap((name) => readAt(join(folderOf(around), name), around) ?? [])
  return all.toSorted((a, b) => b.since.localeCompare(a.since))[0] ?? null
}

/** Stores the log-on. Throws errors of the file system. */
export async function keepLogOn(logOn: KeptLogOn, around: Surroundings): Promise<void> {
  const kept = { ...logOn, ca: certificatesIn(logOn.ca ?? '') }
  await writePrivate(pathOf(logOn.endpoint, around), JSON.stringify(kept))
}

/** The certificates in a PEM text, or null. A CA file may also hold the CA's private key, which must not be copied. */
export function certificatesIn(pem: string): string | null {
  return pem.match(/-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]+-----END \1-----/g)?.join('\n') ?? null
}

export function forgetLogOn({ endpoint }: KeptLogOn, around: Surroundings): void {
  rmSync(pathOf(endpoint, around), { force: true })
}

function folderOf({ env }: Surroundings): string {
  return join(env['XDG_CONFIG_HOME'] || join(env['HOME'] || '/', '.config'), 'strongroom', 'log-ons')
}

function pathOf(endpoint: string, around: Surroundings): string {
  const name = createHash('sha256').update(new URL(endpoint).origin).digest('hex').slice(0, 32)
  return join(folderOf(around), `${name}.json`)
}

function names(around: Surroundings): readonly string[] {
  try {
    return readdirSync(folderOf(around)).filter((name) => name.endsWith('.json'))
  } catch {
    return []
  }
}

function readAt(path: string, around: Surroundings): KeptLogOn | null {
  if (!existsSync(path)) return null
  const kept = keptIn(readPrivate(path, around) ?? '')
  if (kept) return kept
  throw new UsageError(
    `\`${path}\` is no log-on that you alone can read and write: delete it, and log on again with \`strongroom login\``,
  )
}

function keptIn(text: string): KeptLogOn | null {
  try {
    return JSON.parse(text) as KeptLogOn
  } catch {
    return null
  }
}
