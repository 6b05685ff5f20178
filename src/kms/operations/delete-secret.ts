import { because, refuse } from '../../api/errors.ts'
import { integer, optional } from '../../api/parameters.ts'
import { isoSeconds } from '../../api/time.ts'
import { update } from '../../ledger/record.ts'
import { operation } from '../operation.ts'
import { flag } from '../parameters.ts'
import { destroySecret } from '../secrets/destroy-secret.ts'
import type { SecretBody } from '../secrets/records.ts'
import { findSecret, locateSecret, secretName } from '../secrets/secret-name.ts'
import { demandNotInDeleteWindow, planDeletion, secretDueAt } from '../secrets/secret-state.ts'

const DEFAULT_DAYS = 30

export const DeleteSecret = operation({
  name: 'DeleteSecret',
  summary:
    'Plans the deletion of a secret; RestoreSecret can cancel it until then. With ForceDeleteWithoutRecovery, deletes it at once and for good.',
  parameters: {
    SecretName: secretName,
    ForceDeleteWithoutRecovery: flag,
    RecoveryWindowInDays: optional(
      integer({
        min: 7,
        max: 30,
        rule: 'A whole number of days from 7 to 30; not with ForceDeleteWithoutRecovery. Default: 30.',
      }),
      null,
    ),
  },
  access: 'Write',
  trail: {
    show: ['SecretName', 'ForceDeleteWithoutRecovery', 'RecoveryWindowInDays'],
    reply: ['SecretName', 'PlannedDeleteTime'],
  },
  refusals: ['Forbidden.ResourceNotFound', 'Rejected.ResourceInDeleteWindow', 'Rejected.InvalidRequest'],
  locate: locateSecret,
  async decide({ SecretName, ForceDeleteWithoutRecovery: force, RecoveryWindowInDays: days }, context) {
    if (force && days !== null)
      throw refuse('InvalidParameter', {
        name: 'RecoveryWindowInDays',
        rule: 'It is absent where ForceDeleteWithoutRecovery is true.',
      })
    const { now, ledger } = context
    const { record, body } = await findSecret(SecretName, context)
    if (force) {
      demandNotInDeleteWindow(body)
      demandNoPasswordUnderWay(body)
      const reply = { SecretName: record.id, PlannedDeleteTime: isoSeconds(now) }
      return { reply, ...(await destroySecret(record, ledger)) }
    }
    const after = planDeletion(body, now, days ?? DEFAULT_DAYS)
    const reply = { SecretName: record.id, PlannedDeleteTime: isoSeconds(after.deleteAt ?? now) }
    return { reply, changes: [update(record, { body: after, dueAt: secretDueAt(after) })] }
  },
})

/** Refuses while a rotation may set a new password in its database: if the secret were destroyed, nobody would know that password. */
function demandNoPasswordUnderWay({ rotation }: SecretBody): void {
  if (rotation?.pending !== undefined)
    throw because(
      refuse('Rejected.InvalidRequest'),
      'a rotation of the secret is under way: wait for its end, or give a recovery window',
    )
}
