import { Form, Input } from 'antd'
import { type PasswordPolicy, usePasswordRule } from '../../parts/password-rule.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { logOn } from '../log-on.texts.ts'
import { type StepProps, Submit } from './step.tsx'

/** Asks twice for the new password that is due. */
export function NewPassword({ busy, step, reply }: StepProps) {
  const say = useTexts(logOn)
  const common = useCommon()
  const rule = usePasswordRule()
  return (
    <>
      <h1>{say('new.title')}</h1>
      <p>{say('new.help')}</p>
      <p className="muted">{rule((reply?.PasswordPolicy ?? {}) as PasswordPolicy)}</p>
      <Form
        layout="vertical"
        onFinish={({ password }: { password: string }) => void step({ NewPassword: password })}
        requiredMark={false}
      >
        <Form.Item
          label={say('new.password')}
          name="password"
          rules={[{ required: true, message: common('field.required') }]}
        >
          <Input.Password autoComplete="new-password" autoFocus />
        </Form.Item>
        <Form.Item
          dependencies={['password']}
          label={say('new.again')}
          name="again"
          rules={[
            { required: true, message: common('field.required') },
            ({ getFieldValue }) => ({
              validator: async (_, value: string) => {
                if (value && value !== getFieldValue('password')) throw new Error(say('new.differs'))
              },
            }),
          ]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Submit busy={busy}>{common('do.ok')}</Submit>
      </Form>
    </>
  )
}
