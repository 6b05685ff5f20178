import { Input } from 'antd'
import { useState } from 'react'
import { call } from '../service/call.ts'
import { usePermissions } from '../service/permissions.ts'
import { useChange } from '../service/queries.ts'
import { useCommon, useTexts } from '../texts/language.tsx'
import { Do } from './allowed.tsx'
import { FormDialog } from './form-dialog.tsx'
import { DeleteIcon, PlusIcon } from './icons.tsx'
import { Nothing, Section } from './page.tsx'
import { MemberField } from './parameter-field.tsx'
import { tagTexts } from './tags.texts.ts'

interface Tag {
  readonly TagKey: string
  readonly TagValue: string
}

interface Props {
  readonly arn: string
  /** The parameter that names the resource: its KeyId or SecretName. */
  readonly of: Readonly<Record<string, string>>
  readonly tags: readonly Tag[]
  /** The text without tags. */
  readonly none: string
  /** Why nobody can change the tags, regardless of policies. */
  readonly because?: string | false | undefined
}

/** The tags of a key or a secret, which can be added and removed. */
export function TagSection({ arn, of, tags, none, because }: Props) {
  const say = useTexts(tagTexts)
  const common = useCommon()
  const [open, setOpen] = useState(false)
  const permission = usePermissions(arn, ['kms:TagResource', 'kms:UntagResource'])
  const add = useChange((tag: Tag, region) =>
    call('Kms', 'TagResource', region, { ...of, Tags: JSON.stringify([tag]) }),
  )
  const remove = useChange((TagKey: string, region) =>
    call('Kms', 'UntagResource', region, { ...of, TagKeys: JSON.stringify([TagKey]) }),
  )
  return (
    <Section
      actions={
        <Do
          because={because}
          icon={<PlusIcon />}
          onClick={() => setOpen(true)}
          permission={permission('kms:TagResource')}
          size="small"
        >
          {say('add')}
        </Do>
      }
      title={say('title')}
    >
      {tags.length > 0 ? (
        <ul className="rows">
          {tags.map(({ TagKey, TagValue }) => (
            <li key={TagKey}>
              <span>
                <code className="mono">{TagKey}</code> <span className="muted">=</span>{' '}
                <code className="mono">{TagValue}</code>
              </span>
              <Do
                aria-label={say('remove', { name: TagKey })}
                because={because}
                icon={<DeleteIcon />}
                loading={remove.isPending && remove.variables === TagKey}
                onClick={() => remove.mutate(TagKey)}
                permission={permission('kms:UntagResource')}
                size="small"
                type="text"
              />
            </li>
          ))}
        </ul>
      ) : (
        <Nothing text={none} />
      )}
      {open && (
        <FormDialog<{ TagKey: string; TagValue?: string }>
          close={() => setOpen(false)}
          of="Kms.TagResource"
          run={({ TagKey, TagValue = '' }) => add.mutateAsync({ TagKey, TagValue })}
          title={say('add')}
          verb={common('do.ok')}
        >
          <MemberField label={say('key')} member="TagKey" name="Tags">
            <Input />
          </MemberField>
          <MemberField label={say('value')} member="TagValue" name="Tags">
            <Input />
          </MemberField>
        </FormDialog>
      )}
    </Section>
  )
}
