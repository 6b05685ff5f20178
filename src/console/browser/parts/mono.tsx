import { Button, Tooltip } from 'antd'
import { useState } from 'react'
import { useCommon } from '../texts/language.tsx'
import { CheckIcon, CopyIcon } from './icons.tsx'

/** A button that copies a text and confirms it for a moment. `label` names the text. */
export function Copy({ text, label }: { readonly text: string; readonly label: string }) {
  const say = useCommon()
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    if (!(await toClipboard(text))) return
    setCopied(true)
    setTimeout(() => setCopied(false), 1500)
  }
  return (
    <Tooltip title={copied ? say('do.copied') : say('do.copy')}>
      <Button
        aria-label={`${say('do.copy')} ${label}`}
        className="copy"
        icon={copied ? <CheckIcon /> : <CopyIcon />}
        onClick={() => void copy()}
        size="small"
        type="text"
      />
    </Tooltip>
  )
}

/** Browsers offer the clipboard over HTTPS and on the same machine. Elsewhere the command to copy is given what to copy. */
async function toClipboard(text: string): Promise<boolean> {
  if (window.isSecureContext)
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    )
  const give = (event: ClipboardEvent) => {
    event.clipboardData?.setData('text/plain', text)
    event.preventDefault()
  }
  document.addEventListener('copy', give, { once: true })
  const isCopied = document.execCommand('copy')
  document.removeEventListener('copy', give)
  return isCopied
}

/** An identifier: in fixed width, never broken by markup, with a button that copies it. */
export function Mono({ text, label }: { readonly text: string; readonly label?: string }) {
  return (
    <span className="mono-line">
      <code className="mono">{text}</code>
      <Copy label={label ?? text} text={text} />
    </span>
  )
}
