import { Form, Input } from 'antd'
import { useState } from 'react'
import { Do } from '../../parts/allowed.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { EditIcon } from '../../parts/icons.tsx'
import { call } from '../../service/call.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange } from '../../service/queries.ts'
import type { KeyMetadata } from '../../service/replies.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'

/** The description of a key, which can be changed. */
export function Description({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(keyTexts)
  const common = useCommon()
  const [open, setOpen] = useState(false)
  const action = 'kms:UpdateKeyDescription'
  const permission = usePermissions(metadata.Arn, [action])
  const change = useChange((Description: string, region) =>
    call('Kms', 'UpdateKeyDescription', region, { KeyId: metadata.KeyId, Description }),
  )
  return (
    <>
      {metadata.Description || <span className="muted">{common('say.none')}</span>}{' '}
      <Do
        aria-label={say('edit.description')}
        icon={<EditIcon />}
        onClick={() => setOpen(true)}
        permission={permission(action)}
        size="small"
        type="text"
      />
      {open && (
        <FormDialog<{ description?: string }>
          close={() => setOpen(false)}
          initial={{ description: metadata.Description }}
          run={({ description = '' }) => change.mutateAsync(description)}
          title={say('edit.description')}
          verb={common('do.save')}
        >
          <Form.Item label={common('field.description')} name="description">
            <Input.TextArea maxLength={8192} rows={4} />
          </Form.Item>
        </FormDialog>
      )}
    </>
  )
}
