// What `strongroom login` keeps: the credentials of a session, a file for each server, which no other server gets.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { UsageError } from '../settings/usage-error.ts'
import { readPrivate, writePrivate } from './private-file.ts'
import type { Surroundings } from './surroundings.ts'

export interface KeptLogOn {
  readonly endpoint: string
  /** The certificates in PEM of the authority that was named for this server; null or missing for those that the system trusts. */
  readonly ca?: string | null
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken: string
  /** Who logged on. */
  readonly arn: string
  /** ISO 8601. */
  readonly since: string
  readonly expiration: string
}

/**
 * The log-on to this server, or for null the last one to any; null where there is none. Throws UsageError where a file is unfit: nobody else's
 * credentials are taken instead.
 */
export function keptLogOn(endpoint: string | null, around: Surroundings): KeptLogOn | null {
  if (endpoint !== null) return readAt(pathOf(endpoint, around), around)
  const all = names(around).flatMap((name) => readAt(join(folderOf(around), name), around) ?? [])
  return all.toSorted((one, other) => other.since.localeCompare(one.since))[0] ?? null
}

/** Throws what the file system says. */
export async function keepLogOn(logOn: KeptLogOn, around: Surroundings): Promise<void> {
  const kept = { ...logOn, ca: certificatesIn(logOn.ca ?? '') }
  await writePrivate(pathOf(logOn.endpoint, around), JSON.stringify(kept))
}

/** What a text in PEM has of certificates, or null: a file of a CA may hold its private key, too. */
function certificatesIn(pem: string): string | null {
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
