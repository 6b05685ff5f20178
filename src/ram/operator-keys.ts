// Operator commands on the AccessKeys of accounts and cloud services. They work on the database directly, beside running servers. By the change
// number, each server notices a change before it commits another call.
import type { Ledger } from '../ledger/ledger.ts'
import { type Change, INSTALLATION, insert, update } from '../ledger/record.ts'
import type { LedgerView } from '../ledger/view.ts'
import type { Randomness } from '../runtime/runtime.ts'
import type { AccessKeyRecord, AccessKeys } from './access-key.ts'
import type { Accounts } from './account.ts'
import type { AccessKeyPair } from './given-credentials.ts'
import { newAccessKeyId, newAccessKeySecret } from './identifiers.ts'
import { commitMarked, type InstallationMark } from './installation-mark.ts'
import {
  ACCOUNT,
  accessKeyOf,
  accessKeyRecord,
  accessKeysOf,
  addAccessKey,
  deleteAccessKey,
  type KeyHolder,
  operatorsHolder,
  SERVICE,
} from './key-holder.ts'
import { type OperatorWork, operatorEvent } from './operator-event.ts'
import { isServiceName } from './service-name.ts'

type Random = Pick<Randomness, 'randomBytes' | 'newId'>

/** Names a holder by its account id or service name. A change of an account's AccessKeys is an event in the account's trail. */
export class OperatorKeys {
  readonly #ledger: Ledger
  readonly #accounts: Accounts
  readonly #accessKeys: AccessKeys
  readonly #installation: InstallationMark
  readonly #random: Random

  constructor(
    ledger: Ledger,
    accounts: Accounts,
    accessKeys: AccessKeys,
    installation: InstallationMark,
    random: Random,
  ) {
    this.#ledger = ledger
    this.#accounts = accounts
    this.#accessKeys = accessKeys
    this.#installation = installation
    this.#random = random
  }

  /** The holder's AccessKeys, in the order of their creation. Throws when there is no such holder. */
  async list(name: string): Promise<readonly AccessKeyRecord[]> {
    const view = this.#ledger.view()
    return accessKeysOf(await this.#holder(name, view), view)
  }

  /** Creates an AccessKey, and, with a service's first one, the service's record. Throws when the holder already has `atMost` AccessKeys. */
  async create(name: string, atMost: number, region: string, now: number): Promise<AccessKeyPair> {
    const [id, secret] = [newAccessKeyId(this.#random), newAccessKeySecret(this.#random)]
    await this.#change('CreateAccessKey', { id, region, now }, async (view) => {
      const sealedSecret = this.#accessKeys.seal(id, secret)
      const holder = await this.#find(name, view)
      if (!holder) {
        const service = { ...INSTALLATION, id: serviceName(name), createdAt: now, body: { accessKeyIds: [id] } }
        const inserted = insert(SERVICE, service)
        const changes = [inserted, accessKeyRecord(inserted.after, { id, sealedSecret, createdAt: now })]
        return { holder: inserted.after, changes }
      }
      if ((holder.body.accessKeyIds?.length ?? 0) >= atMost)
        throw new Error(`${name} has ${atMost} AccessKeys already: delete one first`)
      return { holder, changes: addAccessKey(holder, { id, sealedSecret, createdAt: now }) }
    })
    return { accessKeyId: id, accessKeySecret: secret }
  }

  /** Enables or disables an AccessKey. Throws when the holder has no such AccessKey. */
  async setStatus(name: string, id: string, status: 'Active' | 'Inactive', region: string, now: number): Promise<void> {
    await this.#change('UpdateAccessKey', { id, region, now }, async (view) => {
      const { holder, key } = await this.#owned(name, id, view)
      return { holder, changes: [update(key, { body: { ...key.body, status } })] }
    })
  }

  /** Deletes an AccessKey. Throws when the holder has no such AccessKey. */
  async delete(name: string, id: string, region: string, now: number): Promise<void> {
    await this.#change('DeleteAccessKey', { id, region, now }, async (view) => {
      const { holder, key } = await this.#owned(name, id, view)
      return { holder, changes: deleteAccessKey(holder, key) }
    })
  }

  async #find(name: string, view: LedgerView): Promise<KeyHolder | null> {
    // In a database of an earlier release, this first adds the lists of AccessKeys to the accounts' records.
    await this.#accounts.first(view)
    return operatorsHolder(name, view)
  }

  async #holder(name: string, view: LedgerView): Promise<KeyHolder> {
    const holder = await this.#find(name, view)
    if (!holder) throw new Error(`there is no account, and no service with AccessKeys, \`${name}\``)
    return holder
  }

  async #owned(name: string, id: string, view: LedgerView): Promise<{ holder: KeyHolder; key: AccessKeyRecord }> {
    const holder = await this.#holder(name, view)
    const key = await accessKeyOf(holder, id, view)
    if (!key) throw new Error(`${name} has no AccessKey \`${id}\`: \`strongroom account key list ${name}\` lists them`)
    return { holder, key }
  }

  async #change(
    name: OperatorWork['name'],
    { id, region, now }: { readonly id: string; readonly region: string; readonly now: number },
    decide: (view: LedgerView) => Promise<{ holder: KeyHolder; changes: readonly Change[] }>,
  ): Promise<void> {
    await commitMarked(this.#ledger, this.#installation, async (view) => {
      const { holder, changes } = await decide(view)
      // Only an account has a trail; a change for a service has no event.
      const at = { region, at: now, eventId: this.#random.newId() }
      const events =
        holder.kind === ACCOUNT.name ? [operatorEvent({ name, account: holder.id, accessKeyId: id }, at)] : []
      return { result: null, change: { changes, events } }
    })
  }
}

/** Returns the name of a service. Throws when the text is not a valid name. */
function serviceName(name: string): string {
  if (isServiceName(name)) return name
  throw new Error(
    /^\d+$/.test(name)
      ? `there is no account ${name}`
      : `\`${name}\` is neither an account's 16 digits nor a service's name, such as ecs.aliyuncs.com`,
  )
}
