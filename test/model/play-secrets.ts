// How operations on secrets are called in a step, and what the model says of them.
import assert from 'node:assert/strict'
import type { Play, Played, Run } from './play.ts'

const STAGES = ['ACSCurrent', 'ACSCurrent', 'ACSCurrent', 'ACSPrevious', 'one', 'two']

/** The secrets of the model are Generic. */
const notGeneric = (step: Played, { secrets }: Run) =>
  secrets.changeable(nameOf(step)) ?? 'Rejected.UnsupportedOperation'

const nameOf = ({ alias }: Played) => `secrets/${'abcd'[alias]}`
const versionOf = ({ other }: Played) => `v${other}`
const dataOf = ({ value }: Played) => `value ${value % 2}`
const stageOf = ({ value }: Played) => STAGES[value] ?? ''
const named = (step: Played) => ({ SecretName: nameOf(step) })
/** Where a stage is moved from and to: from the version that has it, in half of the steps. */
const movesOf = (step: Played, { secrets }: Run): [from: string | null, to: string | null] => {
  const holder = secrets.secret(nameOf(step))?.stages.get(stageOf(step)) ?? null
  return [step.yes ? holder : null, step.key % 4 === 0 ? null : versionOf(step)]
}
const daysOf = ({ yes, value }: Played) => (yes ? 6 + value : null)

export const SECRET_PLAYS: Readonly<Record<string, Play>> = {
  CreateSecret: {
    parameters: (step, run) => ({
      ...named(step),
      VersionId: versionOf(step),
      SecretData: dataOf(step),
      EncryptionKeyId: run.id(step.key),
    }),
    expected: (step, _, { secrets }) => secrets.create(nameOf(step), step.key, versionOf(step), dataOf(step)),
  },
  GetSecretValue: {
    parameters: (step) => ({
      ...named(step),
      ...(step.yes ? { VersionId: versionOf(step) } : { VersionStage: stageOf(step) }),
    }),
    expected: (step, _, { secrets }) => secrets.get(nameOf(step), step.yes ? versionOf(step) : null, stageOf(step)),
    shows: (body, step, { secrets }) => {
      const version = secrets.wanted(nameOf(step), step.yes ? versionOf(step) : null, stageOf(step))
      const secret = secrets.secret(nameOf(step))
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
      ...named(step),
      VersionId: versionOf(step),
      SecretData: dataOf(step),
      VersionStages: JSON.stringify([stageOf(step)]),
    }),
    expected: (step, _, { secrets }) => secrets.put(nameOf(step), versionOf(step), dataOf(step), stageOf(step)),
  },
  UpdateSecretVersionStage: {
    parameters: (step, run) => {
      const [from, to] = movesOf(step, run)
      return {
        ...named(step),
        VersionStage: stageOf(step),
        ...(from === null ? {} : { RemoveFromVersion: from }),
        ...(to === null ? {} : { MoveToVersion: to }),
      }
    },
    expected: (step, _, run) => run.secrets.moveStage(nameOf(step), stageOf(step), ...movesOf(step, run)),
  },
  UpdateSecret: {
    parameters: (step) => ({ ...named(step), Description: `d${step.value}` }),
    expected: (step, _, { secrets }) => secrets.describeAnew(nameOf(step), `d${step.value}`),
  },
  DescribeSecret: {
    parameters: named,
    expected: (step, _, { secrets }) => secrets.found(nameOf(step)),
    shows: (body, step, run) => {
      const secret = run.secrets.secret(nameOf(step))
      assert.ok(secret)
      assert.deepEqual(
        [body.SecretName, body.Description, body.EncryptionKeyId, body.PlannedDeleteTime],
        [secret.name, secret.description, run.id(secret.key), planned(secret.deleteAt)],
      )
    },
  },
  ListSecretVersionIds: {
    parameters: (step) => ({ ...named(step), IncludeDeprecated: String(step.yes) }),
    expected: (step, _, { secrets }) => secrets.found(nameOf(step)),
    shows: (body, step, { secrets }) => {
      const secret = secrets.secret(nameOf(step))
      assert.ok(secret)
      const all = secret.versions.map(({ id }) => [id, secrets.stagesOf(secret, id).toSorted()] as const)
      assert.deepEqual(
        body.VersionIds.VersionId.map((version: typeof body) => [
          version.VersionId,
          version.VersionStages.VersionStage.toSorted(),
        ]),
        all.filter(([, stages]) => step.yes || stages.length > 0),
      )
    },
  },
  ListSecrets: {
    parameters: () => ({ PageSize: '100' }),
    expected: () => 'OK',
    shows: (body, _, { secrets }) => {
      const listed = body.SecretList.Secret.map((secret: typeof body) => [secret.SecretName, secret.PlannedDeleteTime])
      const expected = secrets.living().map(({ name, deleteAt }) => [name, planned(deleteAt)])
      assert.deepEqual(listed.toSorted(), expected.toSorted())
      assert.equal(body.TotalCount, expected.length)
    },
  },
  DeleteSecret: {
    parameters: (step) => {
      const days = daysOf(step)
      return {
        ...named(step),
        ...(days === null ? { ForceDeleteWithoutRecovery: 'true' } : { RecoveryWindowInDays: String(days) }),
      }
    },
    expected: (step, _, { secrets }) => secrets.remove(nameOf(step), daysOf(step)),
  },
  RestoreSecret: {
    parameters: named,
    expected: (step, _, { secrets }) => secrets.restore(nameOf(step)),
  },
}

function planned(deleteAt: number | null): string | undefined {
  return deleteAt === null ? undefined : `${new Date(deleteAt).toISOString().slice(0, 19)}Z`
}
