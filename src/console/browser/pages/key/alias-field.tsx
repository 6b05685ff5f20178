import { Form, Input } from 'antd'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { aliasName } from '../../service/alias-name.ts'
import { useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'

interface Props {
  readonly autoFocus?: boolean
  /** Whether the form can do without an alias. */
  readonly needed: boolean
}

/** The name of a new alias, typed with or without its prefix. */
export function AliasField({ autoFocus = false, needed }: Props) {
  const say = useTexts(keyTexts)
  const typed: string = Form.useWatch('AliasName') ?? ''
  return (
    <ParameterField
      extra={typed === '' ? undefined : say('alias.final', { name: aliasName(typed) })}
      label={say('alias.name')}
      name="AliasName"
      needed={needed}
      of="Kms.CreateAlias"
      sent={aliasName}
    >
      <Input autoComplete="off" autoFocus={autoFocus} spellCheck={false} />
    </ParameterField>
  )
}
