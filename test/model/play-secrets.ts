// How operations on secrets are called in a step, and what the model says of them.
import assert from 'node:assert/strict'
import type { Play, Played, Run } from './play.ts'

const STAGES = ['ACSCurrent', 'ACSCurrent', 'ACSCurrent', 'ACSPrevious', 'one', 'two']

/** The secrets of the model are Generic. */
const notGeneric = (step: Played, { secrets }: Run) =>
  secrets.secrets.has(nameOf(step)) ? 'Rejected.UnsupportedOperation' : 'Forbidden.ResourceNotFound'

const nameOf = ({ alias }: Played) => `secrets/${'abcd'[alias]}`
const versionOf = ({ other }: Played) => `v${other}`
const dataOf = ({ value }: Played) => `value ${value % 2}`
const stageOf = ({ value }: Played) => STAGES[value] ?? ''

export const SECRET_PLAYS: Readonly<Record<string, Play>> = {
  CreateSecret: {
    parameters: (step, run) => ({
      SecretName: nameOf(step),
      VersionId: versionOf(step),
      SecretData: dataOf(step),
      EncryptionKeyId: run.id(step.key),
    }),
    expected: (step, _, { secrets }) => secrets.create(nameOf(step), step.key, versionOf(step), dataOf(step)),
  },
  GetSecretValue: {
    parameters: (step) => ({
      SecretName: nameOf(step),
      ...(step.yes ? { VersionId: versionOf(step) } : { VersionStage: stageOf(step) }),
    }),
    expected: (step, _, { secrets }) => secrets.get(nameOf(step), step.yes ? versionOf(step) : null, stageOf(step)),
    shows: (body, step, { secrets }) => {
      const version = secrets.wanted(nameOf(step), step.yes ? versionOf(step) : null, stageOf(step))
      const secret = secrets.secrets.get(nameOf(step))
      assert.ok(version && secret)
      assert.deepEqual(
        [body.VersionId, body.SecretData, Date.parse(body.CreateTime), body.VersionStages.VersionStage.toSorted()],
        [version.id, version.value, version.createdAt, secrets.stagesOf(secret, version.id).toSorted()],
      )
    },
  },
  RotateSecret: {
    parameters: (step) => ({ SecretName: nameOf(step), VersionId: versionOf(step) }),
    expected: (step, _, run) => notGeneric(step, run),
  },
  UpdateSecretRotationPolicy: {
    parameters: (step) => ({ SecretName: nameOf(step), EnableAutomaticRotation: 'false' }),
    expected: (step, _, run) => notGeneric(step, run),
  },
  PutSecretValue: {
    parameters: (step) => ({
      SecretName: nameOf(step),
      VersionId: versionOf(step),
      SecretData: dataOf(step),
      VersionStages: JSON.stringify([stageOf(step)]),
    }),
    expected: (step, _, { secrets }) => secrets.put(nameOf(step), versionOf(step), dataOf(step), stageOf(step)),
  },
}
