// From the form to the API: the call that creates a key, and the calls after it.
import type { Pair } from '../../parts/pair-rows.tsx'
import { tagsOf } from '../../parts/tag-rows.tsx'
import { aliasName } from '../../service/alias-name.ts'
import { call, type Parameters } from '../../service/call.ts'
import { isForEitherUsage, isSymmetric } from '../../service/key-specs.ts'
import type { KeyMetadata } from '../../service/replies/keys.ts'

/** The values of the form. A field that does not apply to the KeySpec keeps its value, but is not sent. */
export interface Values {
  readonly KeySpec: string
  readonly KeyUsage?: string
  readonly ProtectionLevel: 'SOFTWARE' | 'HSM'
  readonly AliasName?: string
  readonly Description?: string
  readonly Tags?: readonly Pair[]
  /** `off`, `custom`, or a number of days. */
  readonly rotation: string
  /** In days, where `rotation` is `custom`. */
  readonly RotationInterval?: number
  readonly Origin: 'Aliyun_KMS' | 'EXTERNAL'
  readonly understand?: boolean
  readonly protection?: boolean
}

/** Whether the key's material is imported after the key is made. */
export function isExternal({ KeySpec, Origin }: Pick<Values, 'KeySpec' | 'Origin'>): boolean {
  return isSymmetric(KeySpec) && Origin === 'EXTERNAL'
}

/** Creates the key, its alias and its protection. `made` receives the KeyId before the later calls, which may be refused. */
export async function createKey(values: Values, region: string, made: (keyId: string) => void): Promise<string> {
  const { KeyMetadata } = await call<{ KeyMetadata: KeyMetadata }>('Kms', 'CreateKey', region, parametersOf(values))
  const { KeyId } = KeyMetadata
  made(KeyId)
  if (values.AliasName) await call('Kms', 'CreateAlias', region, { KeyId, AliasName: aliasName(values.AliasName) })
  if (values.protection) await call('Kms', 'SetDeletionProtection', region, { KeyId, EnableDeletionProtection: true })
  return KeyId
}

function parametersOf(values: Values): Parameters {
  const { KeySpec, KeyUsage, ProtectionLevel, Description, Tags, rotation, RotationInterval } = values
  const days = rotation === 'custom' ? RotationInterval : Number(rotation) || undefined
  const rotates = isSymmetric(KeySpec) && !isExternal(values) && days
  return {
    KeySpec,
    KeyUsage: isForEitherUsage(KeySpec) ? KeyUsage : undefined,
    ProtectionLevel,
    Origin: isExternal(values) ? 'EXTERNAL' : 'Aliyun_KMS',
    Description: Description?.trim() || undefined,
    ...(rotates && { EnableAutomaticRotation: true, RotationInterval: `${days}d` }),
    Tags: tagsOf(Tags),
  }
}
