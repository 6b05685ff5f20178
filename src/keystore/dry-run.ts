// The key store of a dry run: it uses no key, counts no use and sends nothing to a device. Its results never leave the service.
import type { Keystore } from './keystore.ts'

/** The Base64 text of a data key, a valid plaintext for every operation that decrypts. */
const DATA_KEY = Buffer.alloc(16).toString('base64')

function unused(): never {
  throw new Error('an operation that has no dry run used the key store in one')
}

export const dryRunKeystore: Keystore = {
  encrypt: async () => ({ nonce: new Uint8Array(24), sealed: new Uint8Array(16) }),
  decrypt: async () => Buffer.from(DATA_KEY, 'latin1'),
  generate: async () => '',
  generatePair: unused,
  sign: async () => new Uint8Array(0),
  decryptAsymmetric: async () => Buffer.from(DATA_KEY, 'latin1'),
  demandDecryption: async () => {},
  wrappingKey: unused,
  importMaterial: unused,
  forget: unused,
  destroy: unused,
  collect: unused,
}
