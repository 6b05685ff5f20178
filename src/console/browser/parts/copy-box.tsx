import { Copy } from './mono.tsx'

interface Props {
  /** What is copied. */
  readonly text: string
  /** Names what is copied. */
  readonly label: string
  /** What is shown, where that is another text. */
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
