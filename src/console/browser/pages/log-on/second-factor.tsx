import { Form, Input } from 'antd'
import { Mono } from '../../parts/mono.tsx'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { logOn } from '../log-on.texts.ts'
import { type StepProps, Submit } from './step.tsx'

function useCodeRules() {
  const say = useTexts(logOn)
  const common = useCommon()
  return [
    { required: true, message: common('field.required') },
    { pattern: /^\s*\d{6}\s*$/, message: say('code.wrong') },
  ]
}

const CODE_INPUT = { autoComplete: 'one-time-code', inputMode: 'numeric', maxLength: 8 } as const

/** Asks for the code of the user's MFA device. */
export function Code({ busy, step }: StepProps) {
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

/** Binds an MFA device by two consecutive codes. */
export function Bind({ busy, step, reply }: StepProps) {
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
