// Sessions of roles that profiles assume. Files that only the user can read keep them, so that not every call assumes the role.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { ask } from './ask.ts'
import type { ClientOptions } from './client.ts'
import { readPrivate, writePrivate } from './private-file.ts'
import type { AssumedRole } from './profile.ts'
import type { Surroundings } from './surroundings.ts'

/** A kept session must last at least this long: a call takes time, and clocks differ. */
const LEFT_MS = 5 * 60_000

type Credentials = Pick<ClientOptions, 'accessKeyId' | 'accessKeySecret' | 'securityToken'>
interface Kept extends Credentials {
  readonly expiration: string
}

/** The credentials of a session of the role: a kept session, or a new one that `source` assumes. Rejects when AssumeRole is refused. */
export async function sessionOf(role: AssumedRole, source: ClientOptions, around: Surroundings): Promise<Credentials> {
  const path = fileOf(role, source, around)
  const { accessKeyId, accessKeySecret, securityToken } = keptIn(path, source.now, around) ?? (await assumed())
  return { accessKeyId, accessKeySecret, securityToken }

  async function assumed(): Promise<Kept> {
    const session = await assume(role, source)
    await keep(path, session)
    return session
  }
}

/** The name of the file depends on everything that the session depends on. */
function fileOf(role: AssumedRole, { endpoint, accessKeyId }: ClientOptions, { env }: Surroundings): string {
  const folder = env['XDG_CACHE_HOME'] || join(env['HOME'] || '/', '.cache')
  const what = JSON.stringify([endpoint, accessKeyId, role])
  return join(folder, 'strongroom', `session-${createHash('sha256').update(what).digest('hex').slice(0, 32)}.json`)
}

/** The session in the file; null where it ends soon, or where others could have read or written the file. */
function keptIn(path: string, now: number, around: Surroundings): Kept | null {
  try {
    const text = readPrivate(path, around)
    const kept = text === null ? null : (JSON.parse(text) as Kept)
    return kept && Date.parse(kept.expiration) - now > LEFT_MS ? kept : null
  } catch {
    return null
  }
}

/** Stores the session. Without a writable home, each call assumes the role. */
async function keep(path: string, session: Kept): Promise<void> {
  try {
    await writePrivate(path, JSON.stringify(session))
  } catch {
    // A read-only home must not make the call fail.
  }
}

async function assume(
  { roleArn, sessionName, externalId, seconds }: AssumedRole,
  source: ClientOptions,
): Promise<Kept> {
  const parameters = new Map([
    ['Action', 'AssumeRole'],
    ['Version', '2015-04-01'],
    ['RoleArn', roleArn],
    ['RoleSessionName', sessionName],
    ...(externalId === null ? [] : ([['ExternalId', externalId]] as const)),
    ...(seconds === null ? [] : ([['DurationSeconds', String(seconds)]] as const)),
  ])
  const { status, answer } = await ask(parameters, source)
  if (status >= 300) throw new Error(`the role ${roleArn} can't be assumed: ${answer['Code']}: ${answer['Message']}`)
  const { AccessKeyId, AccessKeySecret, SecurityToken, Expiration } = answer['Credentials'] as Record<string, string>
  return {
    accessKeyId: String(AccessKeyId),
    accessKeySecret: String(AccessKeySecret),
    securityToken: String(SecurityToken),
    expiration: String(Expiration),
  }
}
