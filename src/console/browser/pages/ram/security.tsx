import { Alert, Input } from 'antd'
import { Do } from '../../parts/allowed.tsx'
import { OperationForm, UnplacedRefusal } from '../../parts/operation-form.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { useAccountPasswordRule } from '../../parts/password-rule.ts'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange } from '../../service/queries.ts'
import { useSession } from '../../service/session.tsx'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { AccessKeys } from './access-keys.tsx'
import { MfaDevice } from './authentication.tsx'
import { ramTexts } from './ram.texts.ts'

interface Passwords {
  readonly OldPassword: string
  readonly NewPassword: string
}

export default function SecurityPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const { UserName } = useSession()
  const rule = useAccountPasswordRule()
  const permission = usePermissions(useArns().ram(`user/${UserName}`), ['ram:ChangePassword'])
  const change = useChange((passwords: Passwords, region) => call('Ram', 'ChangePassword', region, { ...passwords }))
  return (
    <Page lead={say('security.lead')} name={common('frame.security')} title={common('frame.security')}>
      <Section title={say('change.password')}>
        <OperationForm<Passwords>
          error={change.error}
          layout={{ className: 'form-page', requiredMark: false }}
          of="Ram.ChangePassword"
          onFinish={(values) => change.mutate(values)}
        >
          <ParameterField label={say('old.password')} name="OldPassword">
            <Input.Password autoComplete="current-password" />
          </ParameterField>
          <ParameterField extra={rule} label={say('new.password')} name="NewPassword" />
          <UnplacedRefusal />
          {change.isSuccess && <Alert role="status" showIcon title={say('changed')} type="success" />}
          <div className="form-foot">
            <Do htmlType="submit" loading={change.isPending} permission={permission('ram:ChangePassword')}>
              {common('do.ok')}
            </Do>
          </div>
        </OperationForm>
      </Section>
      <MfaDevice userName={UserName} />
      <AccessKeys userName={UserName} />
    </Page>
  )
}
