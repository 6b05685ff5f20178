// Verifiers of passwords by SCRAM-SHA-256 (RFC 5802 and 7677): what a database keeps in place of the password.
import { createHmac, hash, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'

const KEY_BYTES = 32
/** PostgreSQL's own number. */
const ITERATIONS = 4096

/**
 * Returns the verifier of a password as PostgreSQL stores it. The password must be printable ASCII, which SASLprep leaves as it is; the salt
 * is 16 random bytes.
 */
export async function scramVerifier(password: string, salt: Uint8Array): Promise<string> {
  const salted = await promisify(pbkdf2)(password, salt, ITERATIONS, KEY_BYTES, 'sha256')
  const key = (name: string) => createHmac('sha256', salted).update(name).digest()
  const storedKey = hash('sha256', key('Client Key'), 'base64')
  const serverKey = key('Server Key').toString('base64')
  salted.fill(0)
  return `SCRAM-SHA-256$${ITERATIONS}:${Buffer.from(salt).toString('base64')}$${storedKey}:${serverKey}`
}
