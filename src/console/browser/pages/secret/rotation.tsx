import { Alert, Form, Input } from 'antd'
import { useState } from 'react'
import { Do } from '../../parts/allowed.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Facts, Section } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { When } from '../../parts/when.tsx'
import { call } from '../../service/call.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange } from '../../service/queries.ts'
import type { ExtendedConfig, SecretMetadata } from '../../service/replies/secrets.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { Consequences } from '../key/consequences.tsx'
import { kindTexts } from './kinds.texts.ts'
import { useRotated } from './rotated.ts'
import { rotationTexts } from './rotation.texts.ts'

const SET = 'kms:UpdateSecretRotationPolicy'
const ROTATE = 'kms:RotateSecret'
const USUAL_INTERVAL = '30d'

interface Policy {
  readonly EnableAutomaticRotation: boolean
  readonly RotationInterval: string
}

/** The rotation of the secret, with a form for the interval and a button to rotate at once. */
export function SecretRotation({ metadata }: { readonly metadata: SecretMetadata }) {
  const say = useTexts(rotationTexts)
  const kind = useTexts(kindTexts)
  const common = useCommon()
  const [dialog, setDialog] = useState<'set' | 'rotate' | null>(null)
  const [wanted, setWanted] = useState<string | null>(null)
  const { Arn, SecretName, PlannedDeleteTime, AutomaticRotation = 'Disabled', RotationFault } = metadata
  const permission = usePermissions(Arn, [SET, ROTATE])
  const isThere = useRotated(metadata, wanted)
  const set = useChange(({ EnableAutomaticRotation, RotationInterval }: Policy, region) =>
    call('Kms', 'UpdateSecretRotationPolicy', region, {
      SecretName,
      EnableAutomaticRotation,
      RotationInterval: EnableAutomaticRotation ? RotationInterval.trim() : undefined,
    }),
  )
  const rotate = useChange((VersionId: string, region) =>
    call('Kms', 'RotateSecret', region, { SecretName, VersionId }),
  )
  const because = PlannedDeleteTime !== undefined && say('is.deleted')
  const interval = intervalOf(metadata.RotationInterval)
  const close = () => setDialog(null)
  return (
    <Section
      actions={
        <>
          <Do because={because} onClick={() => setDialog('set')} permission={permission(SET)} size="small">
            {say('set')}
          </Do>
          <Do
            because={because || (wanted !== null && !isThere && say('under-way'))}
            onClick={() => setDialog('rotate')}
            permission={permission(ROTATE)}
            size="small"
          >
            {say('rotate')}
          </Do>
        </>
      }
      title={kind('rotation')}
    >
      {RotationFault !== undefined && (
        <Alert description={RotationFault} showIcon title={say('fault')} type="warning" />
      )}
      {wanted !== null && (
        <Alert
          role="status"
          showIcon
          title={say(isThere ? 'done' : 'begun', { version: wanted })}
          type={isThere ? 'success' : 'info'}
        />
      )}
      <Facts
        of={[
          [kind('rotation'), say(`state.${AutomaticRotation}`)],
          [kind('interval'), interval],
          [say('last'), <When date={metadata.LastRotationDate} key="last" />],
          [say('next'), metadata.NextRotationDate ? <When date={metadata.NextRotationDate} key="next" /> : undefined],
        ]}
      />
      {dialog === 'set' && (
        <FormDialog<Policy>
          close={close}
          initial={{
            EnableAutomaticRotation: AutomaticRotation !== 'Disabled',
            RotationInterval: interval ?? USUAL_INTERVAL,
          }}
          of="Kms.UpdateSecretRotationPolicy"
          run={(values) => set.mutateAsync(values)}
          title={say('set')}
          verb={common('do.save')}
        >
          <ParameterField label={say('on')} name="EnableAutomaticRotation" />
          <Interval />
        </FormDialog>
      )}
      {dialog === 'rotate' && (
        <Confirm<{ VersionId: string }>
          close={close}
          initial={{ VersionId: nextVersionId() }}
          of="Kms.RotateSecret"
          run={async ({ VersionId }) => {
            await rotate.mutateAsync(VersionId)
            setWanted(VersionId)
          }}
          title={say('rotate')}
          verb={say('rotate')}
        >
          <Consequences of={[say(`rotate.${typeOf(metadata)}`), say('rotate.read')]} />
          <ParameterField label={say('rotate.version')} name="VersionId" />
        </Confirm>
      )}
    </Section>
  )
}

function Interval() {
  const kind = useTexts(kindTexts)
  const isOn = Form.useWatch('EnableAutomaticRotation') === true
  if (!isOn) return null
  return (
    <ParameterField extra={kind('interval.help')} label={kind('interval')} name="RotationInterval" needed>
      <Input autoComplete="off" />
    </ParameterField>
  )
}

/** The effect of a rotation on the previous credential. */
function typeOf({ SecretType, ExtendedConfig: config = '{}' }: SecretMetadata) {
  if (SecretType === 'RAMCredentials') return 'RAMCredentials'
  const { SecretSubType }: ExtendedConfig = JSON.parse(config)
  return SecretSubType === 'DoubleUsers' ? 'DoubleUsers' : 'SingleUser'
}

/** A new name for a version: the present time to the second. */
function nextVersionId(): string {
  return new Date().toISOString().slice(0, 19)
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const

/** Converts an interval in seconds to the largest unit that divides it. */
function intervalOf(printed: string | undefined): string | undefined {
  if (printed === undefined) return undefined
  const seconds = Number.parseInt(printed, 10)
  const [unit, size] = UNITS.find(([, one]) => seconds % one === 0) ?? ['s', 1]
  return `${seconds / size}${unit}`
}
