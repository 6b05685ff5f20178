import { Alert, Button } from 'antd'
import { useSearchParams } from 'react-router'
import { Page } from '../parts/page.tsx'
import { Refused } from '../parts/refused.tsx'
import { useAttempt } from '../service/attempt.ts'
import { request } from '../service/call.ts'
import { codeOf } from '../service/code-to-compare.ts'
import { useSession } from '../service/session.tsx'
import { useDates, useTexts } from '../texts/language.tsx'
import { Asker } from './command-line/asker.tsx'
import { commandLine } from './command-line.texts.ts'

/** Allows the command line on this machine a session. `strongroom login` opens the page, and listens for the code. */
export default function CommandLinePage() {
  const say = useTexts(commandLine)
  const dates = useDates()
  const { ExpiresAt } = useSession()
  const [search] = useSearchParams()
  const { error, busy, run } = useAttempt()
  const end = search.get('end')
  const asked = askedIn(search)
  const title = say('title')
  if (end === 'done' || end === 'failed')
    return (
      <Page name={title} title={title}>
        <Alert role="status" showIcon title={say(end)} type={end === 'done' ? 'success' : 'warning'} />
      </Page>
    )
  if (!asked)
    return (
      <Page name={title} title={title}>
        <Alert role="alert" showIcon title={say('incomplete')} type="error" />
      </Page>
    )
  const { name, port, state, challenge } = asked
  // The code only ever goes to a port of this machine, whatever the address of this page contains.
  const bring = (what: Readonly<Record<string, string>>) =>
    location.assign(`http://127.0.0.1:${port}/?${new URLSearchParams({ ...what, state })}`)
  const allow = () =>
    run(async () => {
      const { Code } = await request<{ readonly Code: string }>('POST', 'log-on/allow', { Challenge: challenge })
      bring({ code: Code })
    })
  return (
    <Page lead={say('lead', { when: dates.full(ExpiresAt) })} name={title} title={title}>
      <Asker code={codeOf(challenge)} name={name} />
      <Alert showIcon title={say('compare')} type="warning" />
      <Refused error={error} />
      <div className="form-foot">
        <Button loading={busy} onClick={() => void allow()} type="primary">
          {say('allow')}
        </Button>
        <Button disabled={busy} onClick={() => bring({ error: 'access_denied' })}>
          {say('deny')}
        </Button>
      </div>
    </Page>
  )
}

/** The request in the address; null for an address that `strongroom login` did not create. */
function askedIn(search: URLSearchParams) {
  const [name, port, state, challenge] = ['name', 'port', 'state', 'challenge'].map((one) => search.get(one) ?? '') as [
    string,
    string,
    string,
    string,
  ]
  const isPort = /^\d{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536
  const isOurs = /^[\w-]{22}$/.test(state) && /^[\w-]{43}$/.test(challenge)
  return isPort && isOurs ? { name: name.slice(0, 64), port, state, challenge } : null
}
