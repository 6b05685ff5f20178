import { Input } from 'antd'
import { useState } from 'react'
import { Do } from '../../parts/allowed.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { DeleteIcon, PlusIcon } from '../../parts/icons.tsx'
import { Nothing, Ready, Section } from '../../parts/page.tsx'
import { MemberField } from '../../parts/parameter-field.tsx'
import { call } from '../../service/call.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import type { KeyMetadata, KeyTags } from '../../service/replies.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'
import { useWhyUnchangeable } from './service-key.ts'

/** The tags of a key: added and removed. */
export function TagList({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(keyTexts)
  const common = useCommon()
  const unchangeable = useWhyUnchangeable(metadata)
  const [open, setOpen] = useState(false)
  const tags = useReply<KeyTags>('Kms', 'ListResourceTags', { KeyId: metadata.KeyId })
  const permission = usePermissions(metadata.Arn, ['kms:TagResource', 'kms:UntagResource'])
  const add = useChange((tag: object, region) =>
    call('Kms', 'TagResource', region, { KeyId: metadata.KeyId, Tags: JSON.stringify([tag]) }),
  )
  const remove = useChange((TagKey: string, region) =>
    call('Kms', 'UntagResource', region, { KeyId: metadata.KeyId, TagKeys: JSON.stringify([TagKey]) }),
  )
  return (
    <Section
      actions={
        <Do
          because={unchangeable}
          icon={<PlusIcon />}
          onClick={() => setOpen(true)}
          permission={permission('kms:TagResource')}
          size="small"
        >
          {say('tag.add')}
        </Do>
      }
      title={say('tags')}
    >
      <Ready of={tags}>
        {() =>
          tags.data?.Tags.Tag.length ? (
            <ul className="rows">
              {tags.data.Tags.Tag.map(({ TagKey, TagValue }) => (
                <li key={TagKey}>
                  <span>
                    <code className="mono">{TagKey}</code> <span className="muted">=</span>{' '}
                    <code className="mono">{TagValue}</code>
                  </span>
                  <Do
                    aria-label={say('tag.remove', { name: TagKey })}
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
            <Nothing text={say('tag.none')} />
          )
        }
      </Ready>
      {open && (
        <FormDialog<{ TagKey: string; TagValue?: string }>
          close={() => setOpen(false)}
          of="Kms.TagResource"
          run={({ TagKey, TagValue = '' }) => add.mutateAsync({ TagKey, TagValue })}
          title={say('tag.add')}
          verb={common('do.ok')}
        >
          <MemberField label={say('tag.key')} member="TagKey" name="Tags">
            <Input autoFocus />
          </MemberField>
          <MemberField label={say('tag.value')} member="TagValue" name="Tags">
            <Input />
          </MemberField>
        </FormDialog>
      )}
    </Section>
  )
}
