import { Alert, Button, Segmented } from 'antd'
import { useState } from 'react'
import { CopyBox } from '../../parts/copy-box.tsx'
import { Mono } from '../../parts/mono.tsx'
import { Facts, Section } from '../../parts/page.tsx'
import { fromBase64 } from '../../service/wrapping.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { cryptographyTexts } from '../cryptography.texts.ts'

export interface Result {
  readonly KeyId?: string
  readonly KeyVersionId?: string
  readonly CiphertextBlob?: string
  readonly Plaintext?: string
  /** A signature, or whether a signature is valid. */
  readonly Value?: string | boolean
}

/** The result of an operation: ciphertext, plaintext, and the key. */
export function ResultView({ result }: { readonly result: Result }) {
  const say = useTexts(cryptographyTexts)
  return (
    <Section title={say('result')}>
      {result.CiphertextBlob && (
        <>
          <strong>{say('ciphertext')}</strong>
          <CopyBox label={say('ciphertext')} text={result.CiphertextBlob} />
        </>
      )}
      {typeof result.Value === 'string' && (
        <>
          <strong>{say('signature')}</strong>
          <CopyBox label={say('signature')} text={result.Value} />
        </>
      )}
      {typeof result.Value === 'boolean' && (
        <Alert
          role="status"
          showIcon
          title={say(result.Value ? 'signature.valid' : 'signature.invalid')}
          type={result.Value ? 'success' : 'error'}
        />
      )}
      {result.Plaintext !== undefined && <Plaintext base64={result.Plaintext} />}
      <Facts
        of={[
          [say('result.key'), result.KeyId ? <Mono key="key" text={result.KeyId} /> : undefined],
          [say('result.version'), result.KeyVersionId ? <Mono key="version" text={result.KeyVersionId} /> : undefined],
        ]}
      />
    </Section>
  )
}

/** A plaintext, hidden until the reader shows it, and copied without being shown. As text if it is UTF-8, otherwise in hex. */
function Plaintext({ base64 }: { readonly base64: string }) {
  const say = useTexts(cryptographyTexts)
  const common = useCommon()
  const bytes = fromBase64(base64)
  const text = textOf(bytes)
  const [as, setAs] = useState<'text' | 'hex' | 'base64'>(text === null ? 'hex' : 'text')
  const [open, setOpen] = useState(false)
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const written = { text: text ?? hex, hex, base64 }[as]
  return (
    <div className="plaintext">
      <div className="row-actions">
        <strong>{say('plaintext')}</strong>
        <Segmented
          onChange={setAs}
          options={[
            ...(text === null ? [] : [{ value: 'text' as const, label: say('text') }]),
            { value: 'hex' as const, label: say('hex') },
            { value: 'base64' as const, label: say('base64') },
          ]}
          size="small"
          value={as}
        />
        <Button onClick={() => setOpen(!open)} size="small">
          {common(open ? 'do.hide' : 'do.show')}
        </Button>
      </div>
      <CopyBox
        label={say('plaintext')}
        shown={open ? written : say('hidden', { count: bytes.length })}
        text={written}
      />
    </div>
  )
}

function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    return /[\u0000-\u0008\u000e-\u001f]/.test(text) ? null : text
  } catch {
    return null
  }
}
