// The credentials that a start provides: those of the environment, of the seed, or of a first start. The authentic records of the database
// decide whether a start is the first. The file of credentials is written once, and never overwritten.
import { closeSync, existsSync, fstatSync, openSync, readFileSync, unlinkSync } from 'node:fs'
import { seed } from '../dev/seed.ts'
import { readSeed } from '../dev/seed-file.ts'
import type { House } from '../gateway/house.ts'
import { tooOpen } from '../keystore/key-file-access.ts'
import { type Accounts, type Credentials, newCredentials } from '../ram/account.ts'
import type { Provided } from '../ram/given-credentials.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { makeFile } from '../runtime/whole-file.ts'
import { credentialsFile } from '../settings/credentials-file.ts'
import type { Settings } from '../settings/settings.ts'
import { fileOf } from '../settings/sources.ts'

type Given = Pick<Settings, 'root' | 'accountId' | 'data' | 'regions'>

interface Rooms {
  readonly accounts: Accounts
  readonly runtime: Runtime
}

type Say = (text: string) => void

/**
 * Provides the credentials of the environment and of the seed. Where neither names an account, makes the account of a first start, and
 * returns its credentials; otherwise returns null. Throws an error that says what to change.
 */
export async function startCredentials(
  settings: Settings,
  house: House,
  rooms: Rooms,
  say: Say,
): Promise<Credentials | null> {
  const read = (path: string) => readFileSync(path, 'utf8')
  const seeded = settings.seed === null ? [] : readSeed(settings.seed, fileOf('seed', settings.seed, read))
  await configuredCredentials(settings, seeded[0]?.accountId ?? null, rooms, say)
  if (settings.seed !== null) await seed(seeded, house, rooms.accounts)
  const file = credentialsFile(settings.data)
  if (!seeded[0] || existsSync(file)) return firstCredentials(settings, rooms)
  // The command line uses the first account of the seed, unless the file of credentials exists.
  const { accountId, accessKeyId, accessKeySecret } = seeded[0]
  await makeFile(file, `${JSON.stringify({ accountId, accessKeyId, accessKeySecret }, null, 2)}\n`)
  return null
}

/** `otherwise`: the account for the credentials of the environment where neither the environment nor the database names one. */
export async function configuredCredentials(
  { root, accountId, regions }: Given,
  otherwise: string | null,
  { accounts, runtime }: Rooms,
  say: Say,
): Promise<void> {
  const first = await accounts.first()
  if (accountId !== null && first !== null && !(await accounts.exists(accountId)))
    throw new Error(
      `STRONGROOM_ACCOUNT_ID is ${accountId}, but this database's account is ${first}: set it to that, or make a further account with \`strongroom account create --account-id ${accountId}\` first`,
    )
  if (!root) return
  const given = { accountId: accountId ?? first ?? otherwise, ...root }
  const how = { configured: true, region: regions[0] ?? '' }
  const provided = await accounts.provide(given, 'root', runtime.now(), how)
  const account = given.accountId ?? (await accounts.first()) ?? ''
  for (const text of noticesOf(provided, account, root.accessKeyId)) say(text)
}

function noticesOf({ revoked, superseded, others }: Provided, account: string, accessKeyId: string): readonly string[] {
  const texts: string[] = []
  if (revoked !== null)
    texts.push(
      `*** the AccessKey ${accessKeyId}, which STRONGROOM_ROOT_ACCESS_KEY_ID names, was ${revoked}, and stays so: ${
        revoked === 'disabled' ? `\`strongroom account key enable ${account} ${accessKeyId}\`, or ` : ''
      }choose another`,
    )
  if (superseded !== null)
    texts.push(`the AccessKey ${superseded}, which was configured before, is disabled: ${accessKeyId} is in its place`)
  if (others.length > 0)
    texts.push(
      `account ${account} has other active AccessKeys (${others.join(', ')}): \`strongroom account key disable ${account} ID\` disables one that nobody should use`,
    )
  return texts
}

/**
 * Makes the account of a first start. Takes the credentials from the file where a crash or another server left one. Returns the credentials
 * when this call made the account, otherwise null.
 */
export async function firstCredentials(
  settings: Given,
  { accounts, runtime }: { readonly accounts: Pick<Accounts, 'first' | 'makeFirst'>; readonly runtime: Runtime },
): Promise<Credentials | null> {
  if ((await accounts.first()) !== null) return null
  const file = credentialsFile(settings.data)
  // The file comes first: a crash after the commit must not leave an account whose secret is lost.
  const fresh = newCredentials(runtime, settings.accountId)
  const present = (await createdFile(file, `${JSON.stringify(fresh, null, 2)}\n`)) ? null : readCredentials(file)
  if (present && settings.accountId !== null && present.accountId !== settings.accountId)
    throw new Error(
      `\`${file}\` holds credentials of account ${present.accountId}, but STRONGROOM_ACCOUNT_ID is ${settings.accountId}: move the file away, or change STRONGROOM_ACCOUNT_ID`,
    )
  const credentials = present ?? fresh
  const first = await accounts.makeFirst(credentials, 'root', runtime.now())
  // Another server made the first account at the same moment, with the credentials of its own file.
  if (first === 'other' && !present) unlinkSync(file)
  return first === 'made' ? credentials : null
}

/** Creates the file. Returns false when it exists. */
async function createdFile(file: string, text: string): Promise<boolean> {
  try {
    await makeFile(file, text)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** The credentials in the file. Throws an error that says what to do when the file holds anything else, or when other users can access it. */
function readCredentials(file: string): Credentials {
  const text = privateText(file)
  try {
    const { accountId, accessKeyId, accessKeySecret } = JSON.parse(text) as Record<keyof Credentials, unknown>
    const fits = (value: unknown, pattern: RegExp) => typeof value === 'string' && pattern.test(value)
    if (fits(accountId, /^\d{16}$/) && fits(accessKeyId, /^[A-Za-z0-9._-]{1,128}$/) && fits(accessKeySecret, /^.+$/))
      return { accountId, accessKeyId, accessKeySecret } as Credentials
  } catch {}
  throw new Error(
    `\`${file}\` is there, but the database is new and the file holds no credentials of an account: move it away`,
  )
}

/** The text of a file that only the process can access. Another user could have put any other file into a shared folder, and would know the secret. */
function privateText(file: string): string {
  const opened = openSync(file, 'r')
  try {
    if (tooOpen(file, fstatSync(opened), process.getuid?.()) === null) return readFileSync(opened, 'utf8')
  } finally {
    closeSync(opened)
  }
  throw new Error(
    `\`${file}\` is there, but the database is new and other users can access the file, so they may know the secret: move it away`,
  )
}
