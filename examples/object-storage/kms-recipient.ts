// An age file under a CMK: age makes a key for each file, and here the key service encrypts it. The header of the file has it in a stanza of its own.
import { type Identity, type Recipient, Stanza } from 'age-encryption'
import type { EncryptionContext, Kms } from '../kms.ts'

const STANZA = 'aliyun-kms'

/** Encrypts file keys under the CMK, bound to the context. */
export function kmsRecipient(kms: Kms, keyId: string, context: EncryptionContext): Recipient {
  return {
    async wrapFileKey(fileKey) {
      const blob = await kms.encrypt(keyId, fileKey, context)
      return [new Stanza([STANZA], Buffer.from(blob, 'base64'))]
    },
  }
}

/** Has the key service decrypt file keys; it finds the CMK by itself. */
export function kmsIdentity(kms: Kms, context: EncryptionContext): Identity {
  return {
    async unwrapFileKey(stanzas) {
      const stanza = stanzas.find(({ args }) => args[0] === STANZA)
      return stanza ? kms.decrypt(Buffer.from(stanza.body).toString('base64'), context) : null
    },
  }
}
