import { Alert, Button } from 'antd'
import { Refusal } from '../service/call.ts'
import { useCommon } from '../texts/language.tsx'
import { WhyNot } from './allowed.tsx'
import { Mono } from './mono.tsx'

/**
 * Shows a refusal: its message, Code, RequestId and Recommend. If policies do not allow the action, also the action and the missing
 * statement. An error of the page itself has none of these.
 */
export function Refused({ error, again }: { readonly error: Error | null; readonly again?: () => void }) {
  const say = useCommon()
  if (!error) return null
  if (!(error instanceof Refusal))
    return (
      <Alert
        className="refused"
        role="alert"
        showIcon
        type="error"
        action={
          <Button onClick={() => location.reload()} size="small">
            {say('do.reload')}
          </Button>
        }
        title={say('refused.page')}
        description={<code className="mono">{String(error)}</code>}
      />
    )
  const unreached = error.status === 0
  const { denial } = error
  return (
    <Alert
      className="refused"
      role="alert"
      showIcon
      type={denial ? 'warning' : 'error'}
      title={
        denial ? <WhyNot {...denial} /> : unreached ? say('refused.unreachable') : error.message || say('refused.title')
      }
      action={
        again &&
        !denial && (
          <Button onClick={again} size="small">
            {say('do.retry')}
          </Button>
        )
      }
      description={
        !unreached && (
          <dl className="facts">
            <dt>Code</dt>
            <dd>
              <code className="mono">{error.code}</code>
            </dd>
            {error.requestId && (
              <>
                <dt>RequestId</dt>
                <dd>
                  <Mono label="RequestId" text={error.requestId} />
                </dd>
              </>
            )}
            {error.recommend && (
              <>
                <dt>Recommend</dt>
                <dd>
                  <Recommended text={error.recommend} />
                </dd>
              </>
            )}
          </dl>
        )
      }
    />
  )
}

/** The address in Recommend. Only a web address becomes a link. */
function Recommended({ text }: { readonly text: string }) {
  if (!/^https?:\/\//.test(text)) return <span>{text}</span>
  return (
    <a href={text} rel="noreferrer" target="_blank">
      {text}
    </a>
  )
}
