// The editor of policy documents. It completes names from the API's declarations, and underlines parts that the service refuses.
import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
} from '@codemirror/autocomplete'
import { indentWithTab } from '@codemirror/commands'
import { json } from '@codemirror/lang-json'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { forceLinting, linter } from '@codemirror/lint'
import { Compartment, EditorState } from '@codemirror/state'
import { EditorView, keymap } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { minimalSetup } from 'codemirror'
import { useEffect, useRef } from 'react'
import { useArns } from '../../service/arns.ts'
import { type Declarations, useDeclarations } from '../../service/declarations.ts'
import type { Checked, Finding } from './policy-editor.tsx'

interface Props {
  readonly value: string
  readonly label: string
  readonly findings: Checked
  readonly onChange: (text: string) => void
}

const LOOK = EditorView.theme({
  '&': { backgroundColor: 'var(--surface)', color: 'var(--ink)', minHeight: '240px' },
  '.cm-content': { fontFamily: 'var(--mono)', caretColor: 'var(--ink)', padding: '10px 0' },
  '.cm-line': { padding: '0 12px' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--ink)', border: '1px solid var(--line)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent-soft)', color: 'var(--accent)' },
})

const COLORS = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--accent)' },
  { tag: tags.string, color: 'var(--ink)' },
  { tag: [tags.number, tags.bool, tags.null], color: 'var(--wait)' },
])

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''

export default function CodeEditor({ value, label, findings, onChange }: Props) {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const now = useRef({ findings, onChange })
  now.current = { findings, onChange }
  const { data } = useDeclarations()
  const arns = useArns()
  const completions = useRef(new Compartment())
  const resources = [arns.kms('key/*'), arns.kms('alias/*'), arns.ram('user/*'), arns.ram('policy/*'), '*']
  // biome-ignore lint/correctness/useExhaustiveDependencies: the editor is made once; what changes reaches it by the effects below
  useEffect(() => {
    const editor = new EditorView({
      parent: host.current as HTMLDivElement,
      state: EditorState.create({
        doc: value,
        extensions: [
          minimalSetup,
          json(),
          keymap.of([indentWithTab]),
          LOOK,
          syntaxHighlighting(COLORS),
          EditorView.lineWrapping,
          EditorView.cspNonce.of(nonce),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          completions.current.of([]),
          linter(
            (at) => [
              ...now.current.findings.faults.map((one) => diagnostic(at, one, 'error')),
              ...now.current.findings.warnings.map((one) => diagnostic(at, one, 'warning')),
            ],
            { delay: 0 },
          ),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) now.current.onChange(update.state.doc.toString())
          }),
        ],
      }),
    })
    view.current = editor
    return () => editor.destroy()
  }, [])
  useEffect(() => {
    const editor = view.current
    if (editor && editor.state.doc.toString() !== value)
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } })
  }, [value])
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new finding is what makes the editor look again
  useEffect(() => {
    if (view.current) forceLinting(view.current)
  }, [findings])
  // biome-ignore lint/correctness/useExhaustiveDependencies: what can be completed changes with the declarations alone
  useEffect(() => {
    const source = (context: CompletionContext) => complete(context, data, resources)
    view.current?.dispatch({ effects: completions.current.reconfigure(autocompletion({ override: [source] })) })
  }, [data])
  return <div ref={host} />
}

function diagnostic({ state }: EditorView, { Line = 1, Column = 1, Message }: Finding, severity: 'error' | 'warning') {
  const line = state.doc.line(Math.min(Math.max(1, Line), state.doc.lines))
  const from = Math.min(line.from + Math.max(0, Column - 1), line.to)
  return { from, to: Math.max(line.to, from), severity, message: Message }
}

/** Completes a string with the possible values of its member. */
function complete(
  context: CompletionContext,
  declarations: Declarations | undefined,
  resources: readonly string[],
): CompletionResult | null {
  const word = context.matchBefore(/"[^"\n]*/)
  if (!word) return null
  const before = context.state.doc.sliceString(Math.max(0, word.from - 2000), word.from)
  const [, member = ''] = /"(\w+)"\s*:\s*(?:\[[^\]]*)?$/.exec(before) ?? []
  const values = valuesOf(member, declarations, resources)
  return { from: word.from + 1, options: values.map((label): Completion => ({ label, type: 'constant' })) }
}

function valuesOf(
  member: string,
  declarations: Declarations | undefined,
  resources: readonly string[],
): readonly string[] {
  switch (member) {
    case 'Effect':
      return ['Allow', 'Deny']
    case 'Version':
      return ['1']
    case 'Action':
    case 'NotAction':
      return ['kms:*', 'ram:*', 'actiontrail:*', ...(declarations?.Actions ?? [])]
    case 'Resource':
    case 'NotResource':
      return resources
    default:
      return [
        'Version',
        'Statement',
        'Effect',
        'Action',
        'Resource',
        'Condition',
        ...(declarations?.ConditionKeys.map(({ Key }) => Key) ?? []),
      ]
  }
}
