// The account of the first start, and the credentials that the environment gives. What a first start is, the database's authentic
// records say; the file of credentials is made once, and never overwritten.
import { readFileSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Accounts, type Credentials, newCredentials, type Provided } from '../ram/account.ts'
import type { Settings } from '../settings/settings.ts'
import { writeNewFile } from './new-file.ts'
import type { Surroundings } from './surroundings.ts'

type Told = Pick<Settings, 'root' | 'accountId' | 'data' | 'regions'>

export function credentialsFile({ data }: Pick<Settings, 'data'>): string {
  return join(data, 'root-credentials.json')
}

/**
 * Gives the account the credentials of the environment; `otherwise` is the account to give them to where neither the environment nor
 * the database names one. Throws when the environment names an account that this database has not.
 */
export async function configuredCredentials(
  { root, accountId, regions }: Told,
  otherwise: string | null,
  accounts: Accounts,
  around: Surroundings,
): Promise<void> {
  const first = await accounts.first()
  if (accountId !== null && first !== null && !(await accounts.exists(accountId)))
    throw new Error(
      `STRONGROOM_ACCOUNT_ID is ${accountId}, but this database's account is ${first}: set it to that, or make a further account with \`strongroom account create --account-id ${accountId}\` first`,
    )
  if (!root) return
  const given = { accountId: accountId ?? first ?? otherwise, ...root }
  const how = { configured: true, region: regions[0] ?? '' }
  const provided = await accounts.provide(given, 'root', Date.now(), how)
  const account = given.accountId ?? (await accounts.first()) ?? ''
  for (const text of told(provided, account, root.accessKeyId)) around.complain(text)
}

function told({ revoked, superseded, others }: Provided, account: string, accessKeyId: string): readonly string[] {
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
 * Makes the account of a first start, with the credentials of its file, where a crash or another server left one. Returns what is new to
 * tell, or null.
 */
export async function firstCredentials(
  settings: Told,
  accounts: Pick<Accounts, 'first' | 'makeFirst'>,
): Promise<Credentials | null> {
  if ((await accounts.first()) !== null) return null
  const file = credentialsFile(settings)
  // The file comes first: a crash in between must not leave an account whose secret nobody has.
  const made = newCredentials(settings.accountId)
  const kept = isNewFile(file, `${JSON.stringify(made, null, 2)}\n`) ? null : readCredentials(file)
  if (kept && settings.accountId !== null && kept.accountId !== settings.accountId)
    throw new Error(
      `\`${file}\` holds credentials of account ${kept.accountId}, but STRONGROOM_ACCOUNT_ID is ${settings.accountId}: move the file away, or change that`,
    )
  const credentials = kept ?? made
  const first = await accounts.makeFirst(credentials, 'root', Date.now())
  // Another server made the first account at the same moment, with the credentials of its own file.
  if (first === 'other' && !kept) unlinkSync(file)
  return first === 'made' ? credentials : null
}

/** Makes the file, unless it is there. */
function isNewFile(file: string, text: string): boolean {
  try {
    writeNewFile(file, text)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** The credentials in the file. Throws with what to do when it holds anything else. */
function readCredentials(file: string): Credentials {
  const text = readFileSync(file, 'utf8')
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

/** What a first start says: the secret to a terminal alone, since a service's log is read by others and kept. */
export function welcome(
  { accountId, accessKeyId, accessKeySecret }: Credentials,
  endpoint: string,
  console: string,
  settings: Pick<Settings, 'data'>,
  terminal: boolean,
): string {
  const file = credentialsFile(settings)
  return [
    `first start: here is your account${terminal ? ', shown this once' : ''}`,
    `  endpoint         ${endpoint}`,
    `  console          ${console}`,
    `  account          ${accountId}`,
    `  AccessKeyId      ${accessKeyId}`,
    ...(terminal
      ? [`  AccessKeySecret  ${accessKeySecret}`, `  (also in ${file}, readable by you alone)`]
      : [`  AccessKeySecret  in ${file}, readable by you alone`]),
    '  try: bin/strongroom kms CreateKey --Description "my first key"',
  ].join('\n')
}
