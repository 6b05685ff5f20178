// Converts the form of a secret to the parameters of CreateSecret.
import type { Pair } from '../../parts/pair-rows.tsx'
import { tagsOf } from '../../parts/tag-rows.tsx'
import type { Parameters } from '../../service/call.ts'

interface Credential {
  readonly id?: string
  readonly secret?: string
}

interface CommonValues {
  readonly VersionId: string
  readonly EncryptionKeyId?: string
  readonly Description?: string
  readonly Tags?: readonly Pair[]
}

/** The parameters of a secret whose value the caller writes. */
interface GenericValues extends CommonValues {
  readonly SecretType: 'Generic'
  readonly SecretName: string
  readonly SecretData: string
}

/** The parameters of a secret that the service rotates, without the fields of the other kind. */
export interface RotatedValues extends CommonValues {
  readonly SecretType: 'RAMCredentials' | 'Rds'
  readonly SecretName: string
  readonly user: string
  readonly instance: string
  readonly accounts: 'SingleUser' | 'DoubleUsers'
  readonly credentials: readonly Credential[]
  readonly EnableAutomaticRotation?: boolean
  readonly RotationInterval?: string
}

export type Values = GenericValues | RotatedValues

export function parametersOf(values: Values): Parameters {
  const { SecretType, VersionId, EncryptionKeyId, Description, Tags } = values
  return {
    SecretType,
    VersionId,
    EncryptionKeyId: EncryptionKeyId?.trim() || undefined,
    Description: Description?.trim() || undefined,
    Tags: tagsOf(Tags),
    ...(SecretType === 'Generic' ? genericParameters(values) : rotatedParameters(values)),
  }
}

function genericParameters({ SecretName, SecretData }: GenericValues): Parameters {
  return { SecretName, SecretData }
}

function rotatedParameters(values: RotatedValues): Parameters {
  const { SecretType, SecretName, user, instance, accounts, credentials } = values
  const { EnableAutomaticRotation: isOn = false, RotationInterval } = values
  const isOfUser = SecretType === 'RAMCredentials'
  const most = isOfUser || accounts === 'DoubleUsers' ? 2 : 1
  const given = credentials.slice(0, most).flatMap(({ id = '', secret = '' }) => (id === '' ? [] : [{ id, secret }]))
  return {
    SecretName: isOfUser ? '$Auto' : SecretName,
    SecretData: JSON.stringify(
      isOfUser
        ? { AccessKeys: given.map(({ id, secret }) => ({ AccessKeyId: id.trim(), AccessKeySecret: secret })) }
        : { Accounts: given.map(({ id, secret }) => ({ AccountName: id, AccountPassword: secret })) },
    ),
    ExtendedConfig: JSON.stringify(
      isOfUser
        ? { SecretSubType: 'RamUserAccessKey', UserName: user.trim() }
        : { SecretSubType: accounts, DBInstanceId: instance.trim() },
    ),
    EnableAutomaticRotation: isOn,
    RotationInterval: isOn ? RotationInterval?.trim() : undefined,
  }
}
