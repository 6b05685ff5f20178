import { Button, Form, Input, Segmented } from 'antd'
import { type ReactNode, useEffect, useState } from 'react'
import { Appearance, Mark } from '../frame/frame.tsx'
import type { usePreferences } from '../frame/preferences.ts'
import { Mono } from '../parts/mono.tsx'
import { Refused } from '../parts/refused.tsx'
import { request } from '../service/call.ts'
import type { Session } from '../service/session.tsx'
import { useCommon, useTexts } from '../texts/language.tsx'
import { logOn } from './log-on.texts.ts'

interface Reply {
  readonly Session?: Session
  readonly Next?: 'Code' | 'BindMFADevice' | 'NewPassword'
  readonly Ticket?: string
  readonly Base32StringSeed?: string
  readonly QRCodePNG?: string
  readonly PasswordPolicy?: Readonly<Record<string, number | boolean>>
}

interface Props {
  readonly enter: (session: Session) => void
  readonly preferences: ReturnType<typeof usePreferences>
}

/** Name, password, and what the service asks for next; or the AccessKey pair of the account. */
export function LogOn({ enter, preferences }: Props) {
  const say = useTexts(logOn)
  const common = useCommon()
  const [way, setWay] = useState<'user' | 'key'>('user')
  const [next, setNext] = useState<Reply>({})
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  useEffect(() => {
    document.title = `${say('title')} · Strongroom`
  }, [say])
  const step = async (body: object) => {
    setBusy(true)
    setError(null)
    try {
      const reply = await request<Reply>('POST', 'session', body)
      if (reply.Session) enter(reply.Session)
      else setNext(reply)
    } catch (thrown) {
      setError(thrown as Error)
    }
    setBusy(false)
  }
  const over = () => {
    setNext({})
    setError(null)
  }
  const withTicket = (more: object) => step({ Ticket: next.Ticket, ...more })
  return (
    <div className="log-on">
      <div className="log-on-tools">
        <Appearance preferences={preferences} />
      </div>
      <main>
        <div className="log-on-mark">
          <Mark />
          <span>Strongroom</span>
        </div>
        {next.Next === undefined && (
          <>
            <h1>{say('title')}</h1>
            <Segmented<'user' | 'key'>
              block
              onChange={(value) => {
                setWay(value)
                setError(null)
              }}
              options={[
                { value: 'user', label: say('user') },
                { value: 'key', label: say('key') },
              ]}
              value={way}
            />
            {way === 'user' ? <NameAndPassword busy={busy} step={step} /> : <AccessKeyPair busy={busy} step={step} />}
          </>
        )}
        {next.Next === 'Code' && <Code busy={busy} step={withTicket} />}
        {next.Next === 'BindMFADevice' && <Bind busy={busy} reply={next} step={withTicket} />}
        {next.Next === 'NewPassword' && <NewPassword busy={busy} reply={next} step={withTicket} />}
        <Refused error={error} />
        {next.Next && (
          <Button className="again" onClick={over} type="link">
            {say('again')}
          </Button>
        )}
        <footer>
          <a href="/docs/" rel="noreferrer" target="_blank">
            {common('nav.docs')}
          </a>
        </footer>
      </main>
    </div>
  )
}

interface StepProps {
  readonly busy: boolean
  readonly step: (body: object) => Promise<void>
  readonly reply?: Reply
}

function Submit({ busy, children }: { readonly busy: boolean; readonly children: ReactNode }) {
  return (
    <Button block htmlType="submit" loading={busy} type="primary">
      {children}
    </Button>
  )
}

function NameAndPassword({ busy, step }: StepProps) {
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

function AccessKeyPair({ busy, step }: StepProps) {
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

function useCodeRules() {
  const say = useTexts(logOn)
  const common = useCommon()
  return [
    { required: true, message: common('field.required') },
    { pattern: /^\s*\d{6}\s*$/, message: say('code.wrong') },
  ]
}

const CODE_INPUT = { autoComplete: 'one-time-code', inputMode: 'numeric', maxLength: 8 } as const

function Code({ busy, step }: StepProps) {
  const say = useTexts(logOn)
  const rules = useCodeRules()
  return (
    <>
      <h1>{say('code.title')}</h1>
      <Form
        layout="vertical"
        onFinish={({ code }: { code: string }) => void step({ Code: code.trim() })}
        requiredMark={false}
      >
        <Form.Item extra={say('code.help')} label={say('code')} name="code" rules={rules}>
          <Input {...CODE_INPUT} autoFocus className="mono" />
        </Form.Item>
        <Submit busy={busy}>{say('login')}</Submit>
      </Form>
    </>
  )
}

function Bind({ busy, step, reply }: StepProps) {
  const say = useTexts(logOn)
  const rules = useCodeRules()
  const picture = reply?.QRCodePNG ?? ''
  return (
    <>
      <h1>{say('bind.title')}</h1>
      <p>{say('bind.help')}</p>
      {picture && <img alt={say('bind.picture')} className="qr" src={`data:image/png;base64,${picture}`} />}
      <p className="muted">{say('bind.seed')}</p>
      <Mono label={say('bind.seed')} text={reply?.Base32StringSeed ?? ''} />
      <Form
        layout="vertical"
        onFinish={({ first, second }: { first: string; second: string }) =>
          void step({ Bind: { Code1: first.trim(), Code2: second.trim() } })
        }
        requiredMark={false}
      >
        <Form.Item label={say('bind.first')} name="first" rules={rules}>
          <Input {...CODE_INPUT} className="mono" />
        </Form.Item>
        <Form.Item label={say('bind.second')} name="second" rules={rules}>
          <Input {...CODE_INPUT} className="mono" />
        </Form.Item>
        <Submit busy={busy}>{say('bind.enable')}</Submit>
      </Form>
    </>
  )
}

function NewPassword({ busy, step, reply }: StepProps) {
  const say = useTexts(logOn)
  const common = useCommon()
  const policy = reply?.PasswordPolicy ?? {}
  const rule = [
    say('rule.length', { length: Number(policy['MinimumPasswordLength'] ?? 8) }),
    policy['RequireLowercaseCharacters'] && say('rule.lower'),
    policy['RequireUppercaseCharacters'] && say('rule.upper'),
    policy['RequireNumbers'] && say('rule.digit'),
    policy['RequireSymbols'] && say('rule.symbol'),
  ].filter(Boolean)
  return (
    <>
      <h1>{say('new.title')}</h1>
      <p>{say('new.help')}</p>
      <p className="muted">
        {say('new.rule')}: {rule.join(', ')}
      </p>
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
