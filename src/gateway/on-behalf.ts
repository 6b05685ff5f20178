// Calls of cloud services with their own AccessKeys, which belong to no account. To the key service such a call says for which account it is made:
// by the parameter ResourceOwnerId, which the cloud's products have for this (docs/products.md).
import { refuse } from '../api/errors.ts'
import { KMS } from '../api/product.ts'
import { INSTALLATION } from '../ledger/record.ts'
import { ACCOUNT } from '../ram/key-holder.ts'
import type { Progress } from './call-event.ts'

const OWNER = 'ResourceOwnerId'

/** The account whose records the call is about: the caller's, or the one that a service names. '' where it names none that exists. */
export function accountOf(call: Progress): string | Promise<string> {
  const { caller } = call.authenticated
  return caller.type === 'service' && call.operation.product === KMS ? named(call) : caller.accountId
}

async function named({ parameters, view }: Progress): Promise<string> {
  const id = parameters.get(OWNER) ?? ''
  return /^\d{16}$/.test(id) ? ((await view.get(ACCOUNT, INSTALLATION, id))?.id ?? '') : ''
}

/** Refuses a call of a service to the key service for no account, or for one that does not exist. */
export function demandAccount({ authenticated, operation, parameters }: Progress, account: string): void {
  if (account !== '' || authenticated.caller.type !== 'service' || operation.product !== KMS) return
  if (!parameters.get(OWNER)) throw refuse('MissingParameter', { name: OWNER })
  throw refuse('InvalidParameter', { name: OWNER, rule: 'The ID of an account of this server.' })
}
