import { useState } from 'react'
import { commandLine, useNotedCalls } from '../service/noted-calls.ts'
import { useCommon } from '../texts/language.tsx'
import { Copy } from './mono.tsx'

/** The operations that the page calls, each with the command line that does the same. */
export function Calls() {
  const say = useCommon()
  const calls = useNotedCalls()
  const [open, setOpen] = useState(false)
  const names = [...new Set(calls.map(({ operation }) => operation))]
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
            {calls.map((one) => {
              const line = commandLine(one)
              return (
                <li key={line}>
                  <code className="mono">{line}</code>
                  <Copy label={one.operation} text={line} />
                  <span className={one.status === 200 ? 'muted' : 'bad'}>
                    {one.status} · {Math.round(one.ms)} ms
                  </span>
                </li>
              )
            })}
          </ol>
        </>
      )}
    </details>
  )
}
