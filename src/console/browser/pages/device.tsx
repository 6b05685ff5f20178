import { useQuery } from '@tanstack/react-query'
import { Alert, Button, Form, Input } from 'antd'
import { useState } from 'react'
import { Page } from '../parts/page.tsx'
import { Refused } from '../parts/refused.tsx'
import { useAttempt } from '../service/attempt.ts'
import { request } from '../service/call.ts'
import { useSession } from '../service/session.tsx'
import { useCommon, useDates, useTexts } from '../texts/language.tsx'
import { Asker } from './command-line/asker.tsx'
import { commandLine } from './command-line.texts.ts'

/** The state of a code. */
interface Typed {
  readonly Asks: { readonly Id: string; readonly Name: string; readonly Address: string; readonly Since: string } | null
}

const FOLLOW_MS = 2000

/** Allows the command line on another machine a session, by the code that it shows. */
export default function DevicePage() {
  const say = useTexts(commandLine)
  const dates = useDates()
  const { ExpiresAt } = useSession()
  const [code, setCode] = useState('')
  const [end, setEnd] = useState<'fetched' | 'failed' | null>(null)
  const title = say('title')
  return (
    <Page lead={say('lead', { when: dates.full(ExpiresAt) })} name={title} title={title}>
      {end && <Alert role="status" showIcon title={say(end)} type={end === 'fetched' ? 'success' : 'warning'} />}
      {!end && code === '' && <CodeForm enter={setCode} />}
      {!end && code !== '' && <Decide again={() => setCode('')} code={code} decided={setEnd} />}
    </Page>
  )
}

function CodeForm({ enter }: { readonly enter: (code: string) => void }) {
  const say = useTexts(commandLine)
  const common = useCommon()
  return (
    <Form
      className="form-page"
      layout="vertical"
      onFinish={({ code }: { code: string }) => enter(code.trim().toUpperCase())}
      requiredMark={false}
    >
      <Form.Item
        label={say('typed')}
        name="code"
        rules={[
          { required: true, message: common('field.required') },
          { pattern: /^\s*[a-z]{4}[\s-]?[a-z]{4}\s*$/i, message: say('typed.wrong') },
        ]}
      >
        <Input autoComplete="off" autoFocus className="mono" maxLength={12} spellCheck={false} />
      </Form.Item>
      <div className="form-foot">
        <Button htmlType="submit" type="primary">
          {common('do.next')}
        </Button>
      </div>
    </Form>
  )
}

interface DecideProps {
  readonly code: string
  readonly again: () => void
  readonly decided: (end: 'fetched' | 'failed') => void
}

/** Waits until the command line asks, and shows it before the session can be allowed. */
function Decide({ code, again, decided }: DecideProps) {
  const say = useTexts(commandLine)
  const common = useCommon()
  const { error, busy, run } = useAttempt()
  const typed = useQuery<Typed>({
    queryKey: ['log-on code', code],
    queryFn: ({ signal }) => request('POST', 'log-on/code', { UserCode: code }, signal),
    refetchInterval: ({ state }) => (state.error || state.data?.Asks ? false : FOLLOW_MS),
  })
  const asks = typed.data?.Asks
  const decide = (Decision: 'Allow' | 'Deny') =>
    run(async () => {
      await request('POST', 'log-on/code', { UserCode: code, Id: asks?.Id, Decision })
      decided(Decision === 'Allow' ? 'fetched' : 'failed')
    })
  const failure = typed.error ?? error
  return (
    <>
      {asks && <Asker address={asks.Address} code={code} name={asks.Name} since={asks.Since} />}
      {asks && <Alert showIcon title={say('check')} type="warning" />}
      {!asks && !failure && <Alert role="status" showIcon title={say('waiting')} type="info" />}
      <Refused error={failure} />
      <div className="form-foot">
        {asks && (
          <>
            <Button loading={busy} onClick={() => void decide('Allow')} type="primary">
              {say('allow')}
            </Button>
            <Button disabled={busy} onClick={() => void decide('Deny')}>
              {say('deny')}
            </Button>
          </>
        )}
        <Button disabled={busy} onClick={again} type={asks ? 'link' : 'default'}>
          {common('do.back')}
        </Button>
      </div>
    </>
  )
}
