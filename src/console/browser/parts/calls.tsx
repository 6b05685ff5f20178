import { useState } from 'react'
import { useNotedCalls } from '../service/noted-calls.ts'
import { useCommon } from '../texts/language.tsx'
import { Copy } from './mono.tsx'

/** The operations that the page calls, each with the command line that does the same. */
export function Calls() {
  const say = useCommon()
  const calls = useNotedCalls()
  const [open, setOpen] = useState(false)
  const names = [...new Set(calls.map(({ name }) => name))]
  if (calls.length === 0) return null
  return (
    <details className="calls" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span className="calls-title">{say('calls.title')}</span>
        <span className="calls-names">{names.join(' · ')}</span>
      </summary>
      {open && (
        <>
          <p>{say('calls.note')}</p>
          <ol>
            {calls.map(({ name, line, status, ms }) => (
              <li key={line}>
                <code className="mono">{line}</code>
                <Copy label={name} text={line} />
                <span className={status === 200 ? 'muted' : 'bad'}>
                  {status} · {Math.round(ms)} ms
                </span>
              </li>
            ))}
          </ol>
        </>
      )}
    </details>
  )
}
