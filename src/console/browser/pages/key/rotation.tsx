import { Form } from 'antd'
import { useState } from 'react'
import { Do } from '../../parts/allowed.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Facts, Section } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { When } from '../../parts/when.tsx'
import { call } from '../../service/call.ts'
import { isSymmetric } from '../../service/key-specs.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange } from '../../service/queries.ts'
import type { KeyMetadata } from '../../service/replies/keys.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'
import { useWhyUnchangeable } from './service-key.ts'

/** The default in the form of a key without rotation. */
const USUAL_DAYS = 365
const ACTION = 'kms:UpdateRotationPolicy'

interface Values {
  readonly EnableAutomaticRotation: boolean
  /** In days. */
  readonly RotationInterval: number
}

/** Converts an interval in the form of the service (seconds) to days. */
function daysOf(interval: string | undefined): number | undefined {
  return interval === undefined ? undefined : Math.round(Number.parseInt(interval, 10) / 86_400)
}

/** The automatic rotation of a key, with a form to change it. For asymmetric keys, which have none, the reason. */
export function Rotation({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(keyTexts)
  const common = useCommon()
  const [open, setOpen] = useState(false)
  const days = daysOf(metadata.RotationInterval)
  const permission = usePermissions(metadata.Arn, [ACTION])
  const change = useChange(({ EnableAutomaticRotation, RotationInterval }: Values, region) =>
    call('Kms', 'UpdateRotationPolicy', region, {
      KeyId: metadata.KeyId,
      EnableAutomaticRotation,
      RotationInterval: EnableAutomaticRotation ? `${RotationInterval}d` : undefined,
    }),
  )
  const unchangeable = useWhyUnchangeable(metadata)
  if (!isSymmetric(metadata.KeySpec))
    return (
      <Section title={say('rotation')}>
        <p>{say('rotation.pair')}</p>
      </Section>
    )
  const because =
    unchangeable ||
    (metadata.Origin === 'EXTERNAL' && say('rotation.external')) ||
    (metadata.KeyState !== 'Enabled' && say('rotation.disabled'))
  return (
    <Section
      actions={
        <Do because={because} onClick={() => setOpen(true)} permission={permission(ACTION)} size="small">
          {say('rotation.edit')}
        </Do>
      }
      title={say('rotation')}
    >
      <Facts
        of={[
          [say('rotation'), common(`rotation.${metadata.AutomaticRotation}`)],
          [say('interval'), days === undefined ? undefined : say('interval.days', { count: days })],
          [say('last'), metadata.LastRotationDate ? <When date={metadata.LastRotationDate} key="last" /> : undefined],
          [say('next'), metadata.NextRotationDate ? <When date={metadata.NextRotationDate} key="next" /> : undefined],
        ]}
      />
      {open && (
        <FormDialog<Values>
          close={() => setOpen(false)}
          initial={{
            EnableAutomaticRotation: metadata.AutomaticRotation === 'Enabled',
            RotationInterval: days ?? USUAL_DAYS,
          }}
          of="Kms.UpdateRotationPolicy"
          run={(values) => change.mutateAsync(values)}
          title={say('rotation.edit')}
          verb={common('do.save')}
        >
          <ParameterField label={say('rotation.on')} name="EnableAutomaticRotation" />
          <Interval />
        </FormDialog>
      )}
    </Section>
  )
}

function Interval() {
  const say = useTexts(keyTexts)
  const isOn = Form.useWatch('EnableAutomaticRotation') === true
  if (!isOn) return null
  return (
    <ParameterField
      label={({ Min: min = 0, Max: max = 0 }) => say('rotation.days', { min, max })}
      name="RotationInterval"
      needed
    />
  )
}
