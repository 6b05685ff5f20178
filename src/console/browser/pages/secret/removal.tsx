import { Form } from 'antd'
import { useNavigate } from 'react-router'
import { useRegion } from '../../frame/region.ts'
import { Confirm } from '../../parts/confirm.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { useChange } from '../../service/queries.ts'
import type { SecretMetadata } from '../../service/replies/secrets.ts'
import { useTexts } from '../../texts/language.tsx'
import { secretTexts } from '../secret.texts.ts'

interface Props {
  readonly metadata: SecretMetadata
  readonly close: () => void
}

/** The default recovery window. */
const RECOVERY_DAYS = 30

interface Removal {
  readonly ForceDeleteWithoutRecovery?: boolean
  readonly RecoveryWindowInDays?: number
}

/** Schedules the deletion of a secret, or deletes it at once and leaves the page. */
export function DeleteSecret({ metadata: { SecretName }, close }: Props) {
  const say = useTexts(secretTexts)
  const region = useRegion()
  const navigate = useNavigate()
  const remove = useChange(({ ForceDeleteWithoutRecovery: force, RecoveryWindowInDays: days }: Removal) =>
    call('Kms', 'DeleteSecret', region, {
      SecretName,
      ...(force ? { ForceDeleteWithoutRecovery: true } : { RecoveryWindowInDays: days }),
    }),
  )
  return (
    <Confirm<Removal>
      close={close}
      danger
      initial={{ RecoveryWindowInDays: RECOVERY_DAYS }}
      of="Kms.DeleteSecret"
      retype={SecretName}
      run={async (values) => {
        // The page of a deleted secret would read it again.
        await remove.mutateAsync(values)
        if (values.ForceDeleteWithoutRecovery) void navigate(paths.secrets(region))
      }}
      title={say('delete')}
      verb={say('delete')}
    >
      <p>{say('delete.text')}</p>
      <ParameterField label={say('delete.force')} name="ForceDeleteWithoutRecovery" />
      <Window />
    </Confirm>
  )
}

/** The days of the recovery window; none for a deletion at once. */
function Window() {
  const say = useTexts(secretTexts)
  const force: boolean = Form.useWatch('ForceDeleteWithoutRecovery') ?? false
  if (force) return null
  return (
    <ParameterField
      label={({ Min: min = 0, Max: max = 0 }) => say('delete.days', { min, max })}
      name="RecoveryWindowInDays"
    />
  )
}

export function RestoreSecret({ metadata: { SecretName }, close }: Props) {
  const say = useTexts(secretTexts)
  const restore = useChange((_: object, region) => call('Kms', 'RestoreSecret', region, { SecretName }))
  return (
    <Confirm close={close} run={(values) => restore.mutateAsync(values)} title={say('restore')} verb={say('restore')}>
      <p>{say('restore.text', { name: SecretName })}</p>
    </Confirm>
  )
}
