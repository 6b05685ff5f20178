import { Alert, Button } from 'antd'
import { Refusal } from '../service/call.ts'
import { useCommon } from '../texts/language.tsx'
import { Mono } from './mono.tsx'

/** What the service refused, in its own words: Code, Message, RequestId and what it recommends. */
export function Refused({ error, again }: { readonly error: Error | null; readonly again?: () => void }) {
  const say = useCommon()
  if (!error) return null
  const refusal = error instanceof Refusal ? error : null
  const unreached = !refusal || refusal.status === 0
  return (
    <Alert
      className="refused"
      role="alert"
      showIcon
      type="error"
      title={unreached ? say('refused.unreachable') : refusal.message || say('refused.title')}
      action={
        again && (
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
              <code className="mono">{refusal.code}</code>
            </dd>
            {refusal.requestId && (
              <>
                <dt>RequestId</dt>
                <dd>
                  <Mono label="RequestId" text={refusal.requestId} />
                </dd>
              </>
            )}
            {refusal.recommend && (
              <>
                <dt>Recommend</dt>
                <dd>
                  <Recommended text={refusal.recommend} />
                </dd>
              </>
            )}
          </dl>
        )
      }
    />
  )
}

/** A recommendation is an address; only one of the web becomes a link. */
function Recommended({ text }: { readonly text: string }) {
  if (!/^https?:\/\//.test(text)) return <span>{text}</span>
  return (
    <a href={text} rel="noreferrer" target="_blank">
      {text}
    </a>
  )
}
