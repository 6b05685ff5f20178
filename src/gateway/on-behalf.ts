// Calls of cloud services with their own AccessKeys, which belong to no account. Such a call to the key service names the account on whose
// behalf it is made in the parameter ResourceOwnerId, as the cloud's products do (docs/products.md).
import { refuse } from '../api/errors.ts'
import { KMS } from '../api/product.ts'
import { INSTALLATION } from '../ledger/record.ts'
import { ACCOUNT } from '../ram/key-holder.ts'
import type { Progress } from './call-event.ts'

const OWNER = 'ResourceOwnerId'

/** Returns the account of the call's records: the caller's, or the account that a service names. '' where the named account does not exist. */
export function accountOf(call: Progress): string | Promise<string> {
  const { caller } = call.authenticated
  return caller.type === 'service' && call.operation.product === KMS ? named(call) : caller.accountId
}

async function named({ parameters, view }: Progress): Promise<string> {
  const id = parameters.get(OWNER) ?? ''
  return /^\d{16}$/.test(id) ? ((await view.get(ACCOUNT, INSTALLATION, id))?.id ?? '') : ''
}

/** Refuses a service's call to the key service that names no account, or an account that does not exist. */
export function demandAccount({ authenticated, operation, parameters }: Progress, account: string): void {
  if (account !== '' || authenticated.caller.type !== 'service' || operation.product !== KMS) return
  if (!parameters.get(OWNER)) throw refuse('MissingParameter', { name: OWNER })
  throw refuse('InvalidParameter', { name: OWNER, rule: 'The ID of an account of this server.' })
}
