// Changes the password of a role in a PostgreSQL database other than the ledger's.
import type { Address } from './postgresql-address.ts'

/** The database refuses the change, and would always refuse it. The message contains no value. */
export class PasswordRefused extends Error {}

/** Permanent refusals of PostgreSQL: the role does not exist, or must not be changed. */
const FINAL: Readonly<Record<string, string>> = {
  42704: 'the database has no such role',
  42501: 'the database does not allow the connection’s role to change this role',
}
const VERIFIER = /^SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/
/** PostgreSQL truncates longer names, which then mean another role. */
const MAX_NAME_BYTES = 63

/** Whether PostgreSQL can have a role of this name. */
export function isRoleName(name: string): boolean {
  return name !== '' && Buffer.byteLength(name) <= MAX_NAME_BYTES && !/\p{Cc}|\p{Cs}/u.test(name)
}

/**
 * Sets a role's password by its verifier (scramVerifier); setting the same verifier again changes nothing. Nothing happens later than `ms`
 * milliseconds after the call. Throws PasswordRefused, or an error with a code when another attempt may succeed.
 */
export async function setPassword(
  address: Address,
  { role, verifier }: { readonly role: string; readonly verifier: string },
  ms: number,
): Promise<void> {
  if (!isRoleName(role) || !VERIFIER.test(verifier)) throw new PasswordRefused('the role’s name is not valid')
  // Loaded on demand: the driver takes time to load, and few servers have such roles.
  const { visit } = await import('./postgresql-connections.ts')
  try {
    await visit(address, `ALTER ROLE "${role.replaceAll('"', '""')}" WITH PASSWORD '${verifier}'`, ms)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const final = FINAL[code]
    if (final !== undefined) throw new PasswordRefused(final)
    // Neither the error itself, which contains the statement, nor a message about the statement's text.
    const said = code.startsWith('42') ? 'the database refuses the statement' : message
    throw Object.assign(new Error(said), { code: code || 'FAILED' })
  }
}
