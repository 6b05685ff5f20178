import type { ReactNode } from 'react'
import type { KeyMetadata } from '../../service/replies/keys.ts'

/** Names the key of a dialog. */
export function KeyName({ metadata }: { readonly metadata: KeyMetadata }) {
  return (
    <p>
      <code className="mono">{metadata.KeyId}</code>
      {metadata.Description && <span className="muted"> {metadata.Description}</span>}
    </p>
  )
}

/** The consequences, one in each line. */
export function Consequences({ of }: { readonly of: readonly ReactNode[] }) {
  return (
    <ul className="consequences">
      {of.map((one) => (
        <li key={String(one)}>{one}</li>
      ))}
    </ul>
  )
}
