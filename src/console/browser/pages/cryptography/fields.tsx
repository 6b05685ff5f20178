// The fields for plaintexts and ciphertexts.
import { Form, Input, Segmented } from 'antd'
import type { ComponentProps, ReactNode } from 'react'
import { ParameterField } from '../../parts/parameter-field.tsx'
import type { Limits } from '../../service/declarations.ts'
import type { Value } from '../../service/rules.ts'
import { toBase64 } from '../../service/wrapping.ts'
import { useTexts } from '../../texts/language.tsx'
import { cryptographyTexts } from '../cryptography.texts.ts'

/** The form of a typed plaintext. Text is sent as UTF-8. */
export type Writing = 'text' | 'base64'

/** The typed plaintext in Base64, the form of the parameter. */
export function plaintextOf(as: Writing, typed: string): string {
  return as === 'text' ? toBase64(new TextEncoder().encode(typed)) : typed.trim()
}

interface Props {
  readonly help: ReactNode | ((limits: Limits) => ReactNode)
  /** The value to which the limits of the parameter apply. */
  readonly sent: (as: Writing, typed: string) => Value
}

/** The fields for the parameter Plaintext and for its form (`as`). */
export function PlaintextField({ help, sent }: Props) {
  const say = useTexts(cryptographyTexts)
  const as: Writing = Form.useWatch('as') ?? 'text'
  return (
    <>
      <Form.Item label={say('plaintext.as')} name="as" required>
        <Segmented
          options={[
            { value: 'text', label: say('text') },
            { value: 'base64', label: say('base64') },
          ]}
        />
      </Form.Item>
      <ParameterField extra={help} label={say('plaintext')} name="Plaintext" sent={(typed) => sent(as, typed)}>
        <Input.TextArea autoComplete="off" rows={5} spellCheck={false} />
      </ParameterField>
    </>
  )
}

/** The input of a ciphertext in Base64. */
export function Ciphertext(props: ComponentProps<typeof Input.TextArea>) {
  return <Input.TextArea {...props} autoComplete="off" className="mono" rows={5} spellCheck={false} />
}
