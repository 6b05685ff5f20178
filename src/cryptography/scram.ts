// SCRAM-SHA-256 verifiers (RFC 5802 and 7677), which a database stores in place of passwords.
import { createHmac, hash, pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'

const KEY_BYTES = 32
/** PostgreSQL's default. */
const ITERATIONS = 4096

/**
 * Returns the verifier of a password in PostgreSQL's format. The password must be printable ASCII, which SASLprep does not change. The salt is 16
 * random bytes.
 */
export async function scramVerifier(password: string, salt: Uint8Array): Promise<string> {
  const salted = await promisify(pbkdf2)(password, salt, ITERATIONS, KEY_BYTES, 'sha256')
  const key = (name: string) => createHmac('sha256', salted).update(name).digest()
  const storedKey = hash('sha256', key('Client Key'), 'base64')
  const serverKey = key('Server Key').toString('base64')
  salted.fill(0)
  return `SCRAM-SHA-256$${ITERATIONS}:${Buffer.from(salt).toString('base64')}$${storedKey}:${serverKey}`
}
