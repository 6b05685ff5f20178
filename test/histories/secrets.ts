// Histories of secrets: their versions, and the stages that move from one to another, under a CMK that comes and goes.
import { type Ask, type Subject, shown } from './ask.ts'
import type { Setup } from './setup.ts'

/** A name of a secret, which is there at first, and the CMK that encrypts what has the name. */
export async function secrets({ must, unique }: Setup): Promise<Subject> {
  const { KeyId } = (await must('CreateKey')).KeyMetadata
  const SecretName = `secret-${unique}`
  const creating = { SecretName, EncryptionKeyId: KeyId }
  await must('CreateSecret', { ...creating, VersionId: 'v0', SecretData: 'red' })
  return {
    about: `the secret ${SecretName} under ${KeyId}`,
    next: (pick) => {
      const [version, value] = [pick(['v0', 'v1', 'v2']), pick(['red', 'green'])]
      const given = { args: [version, value], parameters: { SecretName, VersionId: version, SecretData: value } }
      const stage = pick(['ACSCurrent', 'ACSPrevious', 'blue'])
      return pick<() => Ask>([
        ...READS.map((read) => () => read(SecretName, stage)),
        ...[1, 2, 3].map(() => () => ({
          call: 'CreateSecret',
          ...given,
          parameters: { ...creating, ...given.parameters },
        })),
        () => ({ call: 'PutSecretValue', ...given }),
        () => ({ call: 'PutSecretValue', ...given }),
        () => ({
          call: 'UpdateSecretVersionStage',
          args: [stage, version],
          parameters: { SecretName, VersionStage: stage, MoveToVersion: version },
        }),
        () => {
          const from = pick(['v0', 'v1', 'v2'])
          const moves = { VersionStage: stage, MoveToVersion: version, RemoveFromVersion: from }
          return {
            call: 'UpdateSecretVersionStage',
            args: [stage, version, from],
            parameters: { SecretName, ...moves },
          }
        },
        () => ({ call: 'UpdateSecret', args: [value], parameters: { SecretName, Description: value } }),
        () => {
          const [when, how] = pick([LATER, LATER, NOW])
          return { call: 'DeleteSecret', args: [when], parameters: { SecretName, ...how } }
        },
        ...[1, 2].map(() => () => ({ call: 'RestoreSecret', parameters: { SecretName } })),
        () => ({ call: 'DisableKey', parameters: { KeyId } }),
        ...[1, 2].map(() => () => ({ call: 'EnableKey', parameters: { KeyId } })),
      ])()
    },
  }
}

const LATER = ['later', { RecoveryWindowInDays: '30' }] as const
const NOW = ['now', { ForceDeleteWithoutRecovery: 'true' }] as const

const get = (SecretName: string, VersionStage: string): Ask => ({
  call: 'GetSecretValue',
  args: [VersionStage],
  parameters: { SecretName, VersionStage },
  shows: ({ VersionId, SecretData }) => shown(VersionId, SecretData),
})

interface Version {
  readonly VersionId: string
  readonly VersionStages: { readonly VersionStage: readonly string[] }
}

const READS: readonly ((SecretName: string, stage: string) => Ask)[] = [
  (name) => get(name, 'ACSCurrent'),
  get,
  (SecretName) => ({
    call: 'ListSecretVersionIds',
    parameters: { SecretName, IncludeDeprecated: 'true' },
    shows: ({ VersionIds }) =>
      shown(
        ...VersionIds.VersionId.map(({ VersionId, VersionStages }: Version) =>
          [VersionId, ...VersionStages.VersionStage.toSorted()].join(':'),
        ).sort(),
      ),
  }),
  (SecretName) => ({
    call: 'DescribeSecret',
    parameters: { SecretName },
    shows: ({ Description, PlannedDeleteTime }) => shown(Description ?? '', PlannedDeleteTime ? 'planned' : 'kept'),
  }),
]
