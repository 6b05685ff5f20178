// One step of a rotation by the service. It is decided on records of the ledger, and committed whole or not at all.
import { Refusal } from '../../api/errors.ts'
import type { Keystore } from '../../keystore/keystore.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { type Change, type Scope, update } from '../../ledger/record.ts'
import type { LedgerView } from '../../ledger/view.ts'
import type { AccessKeys } from '../../ram/access-key.ts'
import type { Randomness } from '../../runtime/runtime.ts'
import type { SecretDatabases } from '../../settings/secret-databases.ts'
import { KMS_CALLER } from '../cloud-product.ts'
import { isDatabaseAway } from '../database-away.ts'
import { forgetDestroyed } from '../destruction.ts'
import type { KmsContext } from '../operation.ts'
import type { MessageKeys } from './message-keys.ts'
import type { Secret } from './records.ts'
import { withFault } from './rotation.ts'
import { secretWork, type Work } from './rotation-events.ts'
import { RotationFault } from './rotation-target.ts'
import { secretDueAt } from './secret-state.ts'

/** The services and settings that rotations use. */
export interface RotationHouse {
  readonly ledger: Ledger
  readonly keystore: Keystore
  readonly messageKeys: MessageKeys
  readonly accessKeys: Pick<AccessKeys, 'seal'>
  readonly settings: { readonly secretDatabases: SecretDatabases } & Pick<KmsContext, 'quotas'>
  readonly runtime: Pick<Randomness, 'newId' | 'newRecordId' | 'randomBytes'>
  now(): number
  failed(message: string, error: unknown): void
}

/** The context of one attempt. */
export type RotationContext = Omit<RotationHouse, 'ledger' | 'now' | 'runtime'> &
  Pick<RotationHouse['runtime'], 'newId' | 'newRecordId' | 'randomBytes'> &
  Pick<KmsContext, 'caller' | 'scope' | 'now' | 'ledger' | 'quotas'>

/** Returns the context of one attempt in this scope, with the key service as the caller. */
export function contextOf(house: RotationHouse, scope: Scope, view: LedgerView): RotationContext {
  const { newId, newRecordId, randomBytes } = house.runtime
  const random = { newId, newRecordId, randomBytes }
  const { quotas } = house.settings
  return { ...house, ...random, caller: KMS_CALLER, scope, ledger: view, now: house.now(), quotas }
}

/** Decides and commits work on a secret. Returns false, and stores nothing, where a record that the decision read has changed. */
export async function attempt(
  { account, region }: Pick<Secret, 'account' | 'region'>,
  house: RotationHouse,
  decide: (context: RotationContext) => Promise<Work | null>,
): Promise<boolean> {
  const view = house.ledger.view()
  try {
    const work = await decide(contextOf(house, { account, region }, view))
    if (!work) return false
    const { changes } = work
    const [event = null, ...further] = work.events
    const outcome = await house.ledger.commit({ changes, nonce: null, event, further, view })
    if (outcome !== 'committed') return false
    forgetDestroyed(changes, house)
    return true
  } finally {
    house.ledger.ended(view)
  }
}

/** The work that records why a secret can't be rotated. It has an event if the fault is new or a caller requested the rotation. */
export function faultWork(
  secret: Secret,
  fault: string,
  context: RotationContext,
  others: readonly Change[] = [],
): Work {
  const { fault: known, requested } = secret.body.rotation ?? {}
  const body = withFault(secret.body, fault, context.now)
  const error = ['Rejected.InvalidRequest', fault] as const
  return {
    changes: [update(secret, { body, dueAt: secretDueAt(body) }), ...others],
    events: known === fault && !requested ? [] : [secretWork(secret, context, { error })],
  }
}

/** Returns the fault in the error that an administrator has to remove before the rotation can go on; null for any other error. */
export function faultOf(error: unknown): string | null {
  if (error instanceof RotationFault) return error.message
  return error instanceof Refusal && !isDatabaseAway(error)
    ? `The CMK of the secret can not be used (${error.code}).`
    : null
}
