import { Alert, Button, Segmented } from 'antd'
import { useEffect, useState } from 'react'
import { Appearance, Mark } from '../frame/frame.tsx'
import type { usePreferences } from '../frame/preferences.ts'
import { Refused } from '../parts/refused.tsx'
import { useAttempt } from '../service/attempt.ts'
import { Refusal, request } from '../service/call.ts'
import type { Session } from '../service/session.tsx'
import { useCommon, useTexts } from '../texts/language.tsx'
import { AccessKeyPair, NameAndPassword } from './log-on/first-step.tsx'
import { NewPassword } from './log-on/new-password.tsx'
import { Bind, Code } from './log-on/second-factor.tsx'
import type { Reply } from './log-on/step.tsx'
import { logOn } from './log-on.texts.ts'

interface Props {
  readonly enter: (session: Session) => void
  /** Whether a session has just ended. */
  readonly isOver: boolean
  readonly preferences: ReturnType<typeof usePreferences>
}

/** The log-on by name, password and the following steps, or by an AccessKey pair. */
export function LogOn({ enter, isOver, preferences }: Props) {
  const say = useTexts(logOn)
  const common = useCommon()
  const [way, setWay] = useState<'user' | 'key'>(() =>
    new URLSearchParams(location.search).has('accesskey') ? 'key' : 'user',
  )
  const [next, setNext] = useState<Reply>({})
  const { error, busy, run, forget } = useAttempt()
  useEffect(() => {
    document.title = `${say('title')} · Strongroom`
  }, [say])
  const step = (body: object) =>
    run(async () => {
      const reply = await request<Reply>('POST', 'session', body)
      if (reply.Session) enter(reply.Session)
      else setNext(reply)
    })
  const over = () => {
    setNext({})
    forget()
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
            {isOver && <Alert role="status" showIcon title={say('over')} type="warning" />}
            <Segmented<'user' | 'key'>
              block
              onChange={(value) => {
                setWay(value)
                forget()
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
        {error instanceof Refusal && error.code === 'LogOn.Failed' && <p className="muted">{say('failed.help')}</p>}
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
