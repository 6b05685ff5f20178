import { AutoComplete } from 'antd'
import { Link, useSearchParams } from 'react-router'
import { useRegion } from '../../frame/region.ts'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { useArns } from '../../service/arns.ts'
import { paths } from '../../service/paths.ts'
import { useReply } from '../../service/queries.ts'
import type { Aliases } from '../../service/replies/keys.ts'
import { useTexts } from '../../texts/language.tsx'
import { cryptographyTexts } from '../cryptography.texts.ts'

/** The field for a key by ID or alias, which suggests the aliases of the region. */
export function KeyField({ name, label }: { readonly name: string; readonly label: string }) {
  const say = useTexts(cryptographyTexts)
  const region = useRegion()
  const aliases = useKeyAliases()
  return (
    <ParameterField
      extra={
        <>
          {say('key.help')} <Link to={paths.keys(region)}>{say('key.find')}</Link>
        </>
      }
      label={label}
      name={name}
      sent={(typed) => typed.trim()}
    >
      <AutoComplete
        options={aliases.map(({ AliasName }) => ({ value: AliasName }))}
        showSearch={{ filterOption: (typed, option) => option?.value.includes(typed) === true }}
      />
    </ParameterField>
  )
}

/** The key in the address, the initial value of forms; '' for none. */
export function useKeyInAddress(): string {
  return useSearchParams()[0].get('key') ?? ''
}

/** The ID of the key with the typed ID or alias; null while there is no such key. */
export function useKeyId(typed = ''): string | null {
  const aliases = useKeyAliases()
  const name = typed.trim()
  if (/^[0-9a-f-]{36}$/i.test(name)) return name
  return aliases.find(({ AliasName }) => AliasName === name)?.KeyId ?? null
}

/** The same, as its ARN. */
export function useKeyArn(typed = ''): string | null {
  const arns = useArns()
  const id = useKeyId(typed)
  return id && arns.kms(`key/${id}`)
}

function useKeyAliases(): Aliases['Aliases']['Alias'] {
  return useReply<Aliases>('Kms', 'ListAliases', { PageSize: 100 }).data?.Aliases.Alias ?? []
}
