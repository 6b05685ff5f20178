// The message keys of secrets' values in memory, so that a value that is read often needs no decryption of its data key each time. A data key
// seals one value, once. So the message key (MessageKey) that the data key gives for the value's nonce is enough: it is kept, and the data key is
// wiped.
//
// INVARIANT: a call uses a kept key only after it has found the key version usable (usableVersion). The look-up compares the encrypted data key
// in the record, so the kept key is exactly what a decryption would give. Keys under a CMK in an HSM are not kept: without the device, the
// values must not be readable.
import { type MessageKey, Xaes } from '../../cryptography/xaes.ts'
import { ReadyKeys } from '../../keystore/ready-keys.ts'
import { recordKey } from '../../storage/storage.ts'
import { VERSION } from '../records.ts'
import { SECRET_VALUE, type SecretValue } from './records.ts'

/** The version of a secret whose value a data key encrypts, with the encrypted data key. */
export type Sealed = Pick<SecretValue, 'account' | 'region' | 'id' | 'body'>

export class MessageKeys {
  readonly #ready: ReadyKeys<MessageKey>
  /** From a value to the key version that encrypts its data key, and back. Both are identified by the keys of their records (recordKey). */
  readonly #above = new Map<string, string>()
  readonly #under = new Map<string, Set<string>>()

  /** The epoch of `keys` grows when the root keys change. */
  constructor(keys: { readonly epoch: number }) {
    this.#ready = new ReadyKeys(keys, (id) => this.#wiped(id))
  }

  /** The key of a value; null where it is not in memory. Use it before the next await: it may be wiped afterwards. */
  get(sealed: Sealed): MessageKey | null {
    return this.#ready.get(idOf(sealed), sealed.body.dataKey)
  }

  /** Keeps the key of a value, and returns it as `get` does. Wipes the data key (32 bytes); `nonce` is the value's, of 24 bytes. */
  keep(sealed: Sealed, dataKey: Uint8Array, nonce: Uint8Array): MessageKey {
    const { account, region, body } = sealed
    const id = idOf(sealed)
    const key = this.#ready.keep(id, body.dataKey, messageKeyOf(dataKey, nonce))
    const above = recordKey(VERSION.name, account, region, body.keyVersionId)
    this.#above.set(id, above)
    this.#under.set(above, (this.#under.get(above) ?? new Set()).add(id))
    return key
  }

  /** Wipes the key of a destroyed value, and does not keep it again. */
  forget(sealed: Sealed): void {
    this.#ready.forget(idOf(sealed), sealed.body.dataKey)
  }

  /** Takes the keys (recordKey) of changed records. Wipes the keys of changed values and of values under changed key versions; all with null. */
  drop(changed: Iterable<string> | null): void {
    if (changed === null) this.#ready.drop(null)
    for (const key of changed ?? []) this.#ready.drop([key, ...(this.#under.get(key) ?? [])])
  }

  #wiped(id: string): void {
    const above = this.#above.get(id)
    if (above === undefined) return
    this.#above.delete(id)
    const under = this.#under.get(above)
    under?.delete(id)
    if (under?.size === 0) this.#under.delete(above)
  }
}

/** The key of the message under a data key and a nonce. Wipes the data key. */
export function messageKeyOf(dataKey: Uint8Array, nonce: Uint8Array): MessageKey {
  const xaes = new Xaes(dataKey)
  dataKey.fill(0)
  try {
    return xaes.messageKey(nonce)
  } finally {
    xaes.wipe()
  }
}

function idOf({ account, region, id }: Sealed): string {
  return recordKey(SECRET_VALUE.name, account, region, id)
}
