import { useId } from 'react'

export interface FileFieldProps {
  readonly label: string
  readonly choose: string
  readonly help?: string
  readonly name: string | null
  readonly wrong?: string | null
  readonly onFile: (file: File) => void
}

/**
 * A file of the reader's machine: read here, sent nowhere. The browser's own input lies unseen above what it says in the language of the
 * browser, which need not be that of the page.
 */
export function FileField({ label, choose, help, name, wrong, onFile }: FileFieldProps) {
  const id = useId()
  return (
    <div className="file-field">
      <label htmlFor={id}>{label}</label>
      <span className="file-choice">
        <input
          aria-describedby={`${id}-help`}
          id={id}
          onChange={(event) => {
            const [file] = event.target.files ?? []
            if (file) onFile(file)
          }}
          title={choose}
          type="file"
        />
        <span aria-hidden="true">
          <strong>{choose}</strong> {name}
        </span>
      </span>
      <small className={wrong ? 'bad' : 'muted'} id={`${id}-help`} role={wrong ? 'alert' : undefined}>
        {wrong ?? (name && help ? `${name}: ${help}` : help)}
      </small>
    </div>
  )
}
