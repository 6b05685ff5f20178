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
 * A field for a local file, which the page reads in the browser. The browser's own input is invisible above the page's text, because it has the
 * language of the browser, not of the page.
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
