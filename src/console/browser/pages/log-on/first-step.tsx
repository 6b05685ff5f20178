import { Button, Form, Input } from 'antd'
import { useState } from 'react'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { logOn } from '../log-on.texts.ts'
import { type StepProps, Submit } from './step.tsx'

/** Asks for the name, and then for the password. */
export function NameAndPassword({ busy, step }: StepProps) {
  const say = useTexts(logOn)
  const common = useCommon()
  const asked = new URLSearchParams(location.search).get('username') ?? ''
  const [name, setName] = useState(asked)
  const [named, setNamed] = useState(asked.includes('@'))
  if (!named)
    return (
      <Form
        initialValues={{ name }}
        layout="vertical"
        onFinish={(values: { name: string }) => {
          setName(values.name.trim())
          setNamed(true)
        }}
        requiredMark={false}
      >
        <Form.Item
          extra={say('name.help')}
          label={say('name')}
          name="name"
          rules={[
            { required: true, message: common('field.required') },
            { pattern: /^\s*[^@\s]+@[^@\s]+\s*$/, message: say('name.wrong') },
          ]}
        >
          <Input autoCapitalize="off" autoComplete="username" autoFocus spellCheck={false} />
        </Form.Item>
        <Submit busy={busy}>{common('do.next')}</Submit>
        <p className="muted">{say('first')}</p>
      </Form>
    )
  return (
    <Form
      layout="vertical"
      onFinish={({ password }: { password: string }) => void step({ UserName: name, Password: password })}
      requiredMark={false}
    >
      <p className="who">
        <code className="mono">{name}</code>
        <Button onClick={() => setNamed(false)} size="small" type="link">
          {common('do.edit')}
        </Button>
      </p>
      <Form.Item
        label={say('password')}
        name="password"
        rules={[{ required: true, message: common('field.required') }]}
      >
        <Input.Password autoComplete="current-password" autoFocus />
      </Form.Item>
      <Submit busy={busy}>{say('login')}</Submit>
    </Form>
  )
}

/** Asks for the AccessKey pair of the account or of a user. */
export function AccessKeyPair({ busy, step }: StepProps) {
  const say = useTexts(logOn)
  const common = useCommon()
  const rules = [{ required: true, message: common('field.required') }]
  return (
    <Form
      layout="vertical"
      onFinish={({ id, secret }: { id: string; secret: string }) =>
        void step({ AccessKeyId: id.trim(), AccessKeySecret: secret.trim() })
      }
      requiredMark={false}
    >
      <Form.Item label={say('id')} name="id" rules={rules}>
        <Input autoComplete="off" autoFocus className="mono" spellCheck={false} />
      </Form.Item>
      <Form.Item extra={say('key.help')} label={say('secret')} name="secret" rules={rules}>
        <Input.Password autoComplete="off" />
      </Form.Item>
      <Submit busy={busy}>{say('login')}</Submit>
    </Form>
  )
}
