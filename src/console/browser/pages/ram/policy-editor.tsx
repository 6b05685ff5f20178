import { useQuery } from '@tanstack/react-query'
import { Skeleton } from 'antd'
import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import { request } from '../../service/call.ts'
import { useTexts } from '../../texts/language.tsx'
import { ramTexts } from './ram.texts.ts'

export interface Finding {
  readonly Message: string
  readonly Path?: string
  readonly Line?: number
  readonly Column?: number
}

export interface Checked {
  /** Errors for which the service refuses the policy. */
  readonly faults: readonly Finding[]
  /** Parts that are probably mistakes. */
  readonly warnings: readonly Finding[]
  readonly isValid: boolean
}

interface Reply {
  readonly Faults: readonly Finding[]
  /** Parts that match nothing. Policies of earlier releases may have such parts; the service refuses to save them. */
  readonly Flaws: readonly Finding[]
  readonly Warnings: readonly Finding[]
}

const NOTHING: Reply = { Faults: [], Flaws: [], Warnings: [] }

const TYPED_FOR_MS = 300

/** The messages of the service's own parser about a document, during typing. */
export function useChecked(text: string, use: 'identity' | 'trust'): Checked {
  const [asked, setAsked] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setAsked(text), TYPED_FOR_MS)
    return () => clearTimeout(timer)
  }, [text])
  const { data } = useQuery<Reply>({
    queryKey: ['check-policy', use, asked],
    queryFn: ({ signal }) => request('POST', 'api/check-policy', { Document: asked, Use: use }, signal),
    enabled: asked.trim() !== '',
    retry: false,
  })
  const { Faults, Flaws, Warnings } = data ?? NOTHING
  const isKnown = data !== undefined && asked === text
  return useMemo(() => {
    const faults = [...Faults, ...Flaws]
    return { faults, warnings: Warnings, isValid: isKnown && faults.length === 0 }
  }, [Faults, Flaws, Warnings, isKnown])
}

/** Indents a document; returns invalid JSON unchanged. */
export function pretty(document: string): string {
  try {
    return JSON.stringify(JSON.parse(document), null, 2)
  } catch {
    return document
  }
}

const CodeEditor = lazy(() => import('./code-editor.tsx'))

interface Props {
  readonly value: string
  readonly label: string
  readonly checked: Checked
  readonly onChange: (text: string) => void
}

/** The editor of a policy document. It shows the messages of the service below, and marks the place of each fault. */
export function PolicyEditor({ value, label, checked, onChange }: Props) {
  const say = useTexts(ramTexts)
  const { faults, warnings, isValid } = checked
  return (
    <>
      <div className="editor">
        <Suspense fallback={<Skeleton active />}>
          <CodeEditor findings={checked} label={label} onChange={onChange} value={value} />
        </Suspense>
      </div>
      <div aria-live="polite">
        {isValid && <p className="muted">{say('editor.ok')}</p>}
        {faults.length > 0 && <p className="bad">{say('editor.faults', { count: faults.length })}</p>}
        <ul className="findings">
          {[...faults, ...warnings].map((one) => (
            <li className={faults.includes(one) ? 'bad' : 'wait'} key={`${one.Path} ${one.Line} ${one.Message}`}>
              {one.Line !== undefined && (
                <code className="mono">{say('editor.place', { line: String(one.Line) })}: </code>
              )}
              {one.Message} {one.Path && <code className="mono">{one.Path}</code>}
            </li>
          ))}
        </ul>
        <p className="muted">{say('editor.help')}</p>
      </div>
    </>
  )
}
