import { Copy } from './mono.tsx'

interface Props {
  /** The text to copy. */
  readonly text: string
  /** The name of the text. */
  readonly label: string
  /** The text to show, if it differs. */
  readonly shown?: string
  readonly look?: 'command' | 'document'
}

/** A text of several lines with a button that copies it. */
export function CopyBox({ text, label, shown = text, look = 'command' }: Props) {
  return (
    <div className="command-box">
      <pre className={look}>{shown}</pre>
      <Copy label={label} text={text} />
    </div>
  )
}
