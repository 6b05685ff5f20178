import { Input } from 'antd'
import { useState } from 'react'
import { Do } from '../../parts/allowed.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { EditIcon } from '../../parts/icons.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { call } from '../../service/call.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange } from '../../service/queries.ts'
import type { KeyMetadata } from '../../service/replies/keys.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'
import { useWhyUnchangeable } from './service-key.ts'

/** The description of a key, which can be changed. */
export function Description({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(keyTexts)
  const common = useCommon()
  const unchangeable = useWhyUnchangeable(metadata)
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
        because={unchangeable}
        icon={<EditIcon />}
        onClick={() => setOpen(true)}
        permission={permission(action)}
        size="small"
        type="text"
      />
      {open && (
        <FormDialog<{ Description?: string }>
          close={() => setOpen(false)}
          initial={{ Description: metadata.Description }}
          of="Kms.UpdateKeyDescription"
          run={({ Description = '' }) => change.mutateAsync(Description)}
          title={say('edit.description')}
          verb={common('do.save')}
        >
          <ParameterField label={common('field.description')} name="Description">
            <Input.TextArea rows={4} />
          </ParameterField>
        </FormDialog>
      )}
    </>
  )
}
