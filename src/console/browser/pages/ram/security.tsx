import { Alert, Form, Input } from 'antd'
import { Do } from '../../parts/allowed.tsx'
import { Page, Section } from '../../parts/page.tsx'
import { Refused } from '../../parts/refused.tsx'
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
  readonly old: string
  readonly new: string
}

export default function SecurityPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const { UserName } = useSession()
  const permission = usePermissions(useArns().ram(`user/${UserName}`), ['ram:ChangePassword'])
  const change = useChange(({ old, new: next }: Passwords, region) =>
    call('Ram', 'ChangePassword', region, { OldPassword: old, NewPassword: next }),
  )
  return (
    <Page lead={say('security.lead')} name={common('frame.security')} title={common('frame.security')}>
      <Section title={say('change.password')}>
        <Form<Passwords>
          className="form-page"
          layout="vertical"
          onFinish={(values) => change.mutate(values)}
          requiredMark={false}
          validateMessages={{ required: common('field.required') }}
        >
          <Form.Item label={say('old.password')} name="old" rules={[{ required: true }]}>
            <Input.Password autoComplete="current-password" />
          </Form.Item>
          <Form.Item label={say('new.password')} name="new" rules={[{ required: true }]}>
            <Input.Password autoComplete="new-password" />
          </Form.Item>
          <Refused error={change.error} />
          {change.isSuccess && <Alert role="status" showIcon title={say('changed')} type="success" />}
          <div className="form-foot">
            <Do htmlType="submit" loading={change.isPending} permission={permission('ram:ChangePassword')}>
              {common('do.ok')}
            </Do>
          </div>
        </Form>
      </Section>
      <MfaDevice userName={UserName} />
      <AccessKeys userName={UserName} />
    </Page>
  )
}
