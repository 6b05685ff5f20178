import { refuse } from '../../api/errors.ts'
import { insert, update } from '../../ledger/record.ts'
import { demandAsymmetric } from '../asymmetric.ts'
import { keyIdOrAlias } from '../key-name.ts'
import { locateKey } from '../key-resource.ts'
import { demandEnabled, dueAt } from '../key-state.ts'
import { keyVersionAnswer } from '../metadata.ts'
import { operation } from '../operation.ts'
import { VERSION } from '../records.ts'
import { findUsersKey } from '../service-keys.ts'
import { newVersion } from '../version.ts'

const APART_MS = 7 * 86_400_000
const MOST_VERSIONS = 50

export const CreateKeyVersion = operation({
  name: 'CreateKeyVersion',
  summary: `Adds a version to an asymmetric CMK, at least 7 days after the last one; a CMK has at most ${MOST_VERSIONS}. Symmetric CMKs get new versions from automatic rotation.`,
  parameters: { KeyId: keyIdOrAlias },
  access: 'Write',
  trail: { show: ['KeyId'], reply: ['KeyVersion'] },
  refusals: [
    'Forbidden.KeyNotFound',
    'Forbidden.AliasNotFound',
    'Rejected.UnsupportedOperation',
    'Rejected.Disabled',
    'Rejected.PendingDeletion',
    'Rejected.LimitExceeded',
  ],
  locate: locateKey,
  async decide({ KeyId }, context) {
    const { ledger, scope, now } = context
    const key = await findUsersKey(KeyId, context, 'id or alias', 'Rejected.UnsupportedOperation')
    const { record, body } = key
    // As in the cloud, the check of the key's kind comes before the check of its state.
    demandAsymmetric(key, null)
    demandEnabled(body)
    const isEarly = body.lastRotationAt !== null && now < body.lastRotationAt + APART_MS
    if (isEarly || (await ledger.count(VERSION, scope, record.id)) >= MOST_VERSIONS)
      throw refuse('Rejected.LimitExceeded')
    const version = await newVersion({ id: record.id, body }, context.newRecordId(), context)
    const after = { ...body, lastRotationAt: now }
    const changes = [update(record, { body: after, dueAt: dueAt(after) }), insert(VERSION, version)]
    return { reply: { KeyVersion: keyVersionAnswer(version) }, changes }
  },
})
