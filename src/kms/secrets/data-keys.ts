// The data keys of secrets' values, kept ready so that a value that is read often costs no decryption of its data key each time.
//
// INVARIANT: a data key is used only after the call has found its key version usable (usableVersion). It is found by the very ciphertext that
// the records hold, so what is found is what decrypting would give. Those under a CMK in an HSM are not kept: who takes the device away
// takes the values away.
import { Xaes } from '../../cryptography/xaes.ts'
import { ReadyKeys } from '../../keystore/ready-keys.ts'
import { recordKey } from '../../storage/storage.ts'
import { VERSION } from '../records.ts'
import { SECRET_VALUE, type SecretValue } from './records.ts'

/** Where a data key belongs: the version of a secret whose value it encrypts, with its sealed form. */
export type Sealed = Pick<SecretValue, 'account' | 'region' | 'id' | 'body'>

export class DataKeys {
  readonly #ready: ReadyKeys<Xaes>
  /** The key version that each data key is under, and the data keys under each key version: all by the keys of their records. */
  readonly #above = new Map<string, string>()
  readonly #under = new Map<string, Set<string>>()

  /** The epoch of `keys` grows when the root keys change. */
  constructor(keys: { readonly epoch: number }) {
    this.#ready = new ReadyKeys(keys, (id) => this.#wiped(id))
  }

  /** The data key of a value, to be used before the next await: it may be wiped afterwards. null where it is not ready. */
  get(sealed: Sealed): Xaes | null {
    return this.#ready.get(idOf(sealed), sealed.body.dataKey)
  }

  /** Keeps the data key (32 bytes) of a value, wipes its bytes, and returns it as `get` does. */
  keep(sealed: Sealed, dataKey: Uint8Array): Xaes {
    const { account, region, body } = sealed
    const id = idOf(sealed)
    const xaes = this.#ready.keep(id, body.dataKey, new Xaes(dataKey))
    dataKey.fill(0)
    const above = recordKey(VERSION.name, account, region, body.keyVersionId)
    this.#above.set(id, above)
    this.#under.set(above, (this.#under.get(above) ?? new Set()).add(id))
    return xaes
  }

  /** Wipes the data key of a value that was destroyed, and does not keep it again. */
  forget(sealed: Sealed): void {
    this.#ready.forget(idOf(sealed), sealed.body.dataKey)
  }

  /** Wipes the data keys of values, and those under key versions, whose records (recordKey) changed; null for all. */
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

function idOf({ account, region, id }: Sealed): string {
  return recordKey(SECRET_VALUE.name, account, region, id)
}
