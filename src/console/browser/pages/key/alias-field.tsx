import { Form, Input } from 'antd'
import { useParameter } from '../../parts/operation-form.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { aliasName } from '../../service/alias-name.ts'
import { faultOf } from '../../service/rules.ts'
import { useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'

interface Props {
  /** Whether the alias may be empty. */
  readonly needed: boolean
}

/** The name of a new alias, typed with or without its prefix. */
export function AliasField({ needed }: Props) {
  const say = useTexts(keyTexts)
  const typed: string = Form.useWatch('AliasName') ?? ''
  const name = aliasName(typed)
  const isName = faultOf(useParameter('AliasName', 'Kms.CreateAlias'), name) === null
  return (
    <ParameterField
      extra={isName ? say('alias.final', { name }) : undefined}
      label={say('alias.name')}
      name="AliasName"
      needed={needed}
      of="Kms.CreateAlias"
      sent={aliasName}
    >
      <Input autoComplete="off" spellCheck={false} />
    </ParameterField>
  )
}
