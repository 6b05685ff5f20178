import { because, refuse } from '../../api/errors.ts'
import { optional } from '../../api/parameters.ts'
import { update } from '../../ledger/record.ts'
import { operation } from '../operation.ts'
import { versionId, versionStage } from '../secrets/parameters.ts'
import type { SecretBody } from '../secrets/records.ts'
import { findSecret, locateSecret, secretName } from '../secrets/secret-name.ts'
import { demandNotInDeleteWindow } from '../secrets/secret-state.ts'
import { isBuiltIn, versionInStage, versionOf, withoutStage, withStageAt } from '../secrets/stages.ts'

export const UpdateSecretVersionStage = operation({
  name: 'UpdateSecretVersionStage',
  summary:
    'Moves a stage to a version of a secret, or removes it. When ACSCurrent moves, the version that had it gets ACSPrevious.',
  parameters: {
    SecretName: secretName,
    VersionStage: versionStage,
    RemoveFromVersion: optional(versionId, null),
    MoveToVersion: optional(versionId, null),
  },
  access: 'Write',
  trail: {
    show: ['SecretName', 'VersionStage', 'RemoveFromVersion', 'MoveToVersion'],
    reply: ['SecretName'],
  },
  refusals: [
    'Forbidden.ResourceNotFound',
    'Rejected.InvalidRequest',
    'Rejected.ResourceInDeleteWindow',
    'Rejected.UnsupportedOperation',
    'Rejected.LimitExceeded',
  ],
  locate: locateSecret,
  async decide({ SecretName, VersionStage, RemoveFromVersion, MoveToVersion }, context) {
    if (MoveToVersion === null && (RemoveFromVersion === null || isBuiltIn(VersionStage)))
      throw refuse('MissingParameter', { name: 'MoveToVersion' })
    const { record, body } = await findSecret(SecretName, context)
    demandNotInDeleteWindow(body)
    if (body.rotation) throw refuse('Rejected.UnsupportedOperation')
    if (RemoveFromVersion !== null) demandHolds(body, RemoveFromVersion, VersionStage)
    if (MoveToVersion !== null && !versionOf(body, MoveToVersion)) throw refuse('Forbidden.ResourceNotFound')
    const { now } = context
    const after =
      MoveToVersion === null
        ? withoutStage(body, VersionStage, now)
        : withStageAt(body, VersionStage, MoveToVersion, now)
    return { reply: { SecretName: record.id }, changes: [update(record, { body: after })] }
  },
})

function demandHolds(body: SecretBody, id: string, stage: string): void {
  if (!versionOf(body, id)) throw refuse('Forbidden.ResourceNotFound')
  if (versionInStage(body, stage)?.id === id) return
  throw because(refuse('Rejected.InvalidRequest'), 'the version that RemoveFromVersion names is not in the stage')
}
