import { Input } from 'antd'
import { useState } from 'react'
import { call } from '../service/call.ts'
import { usePermissions } from '../service/permissions.ts'
import { useChange } from '../service/queries.ts'
import { useCommon } from '../texts/language.tsx'
import { Do } from './allowed.tsx'
import { FormDialog } from './form-dialog.tsx'
import { EditIcon } from './icons.tsx'
import { ParameterField } from './parameter-field.tsx'

interface Props {
  readonly text: string
  readonly arn: string
  readonly operation: 'UpdateKeyDescription' | 'UpdateSecret'
  /** The operation's parameter that names the resource. */
  readonly of: Readonly<Record<string, string>>
  /** Why nobody can change the description, regardless of policies. */
  readonly because?: string | false | undefined
}

/** The description of a key or a secret, which can be changed. */
export function Description({ text, arn, operation, of, because }: Props) {
  const common = useCommon()
  const [open, setOpen] = useState(false)
  const action = `kms:${operation}`
  const permission = usePermissions(arn, [action])
  const change = useChange((Description: string, region) => call('Kms', operation, region, { ...of, Description }))
  return (
    <>
      {text || <span className="muted">{common('say.none')}</span>}{' '}
      <Do
        aria-label={common('edit.description')}
        because={because}
        icon={<EditIcon />}
        onClick={() => setOpen(true)}
        permission={permission(action)}
        size="small"
        type="text"
      />
      {open && (
        <FormDialog<{ Description?: string }>
          close={() => setOpen(false)}
          initial={{ Description: text }}
          of={`Kms.${operation}`}
          run={({ Description = '' }) => change.mutateAsync(Description)}
          title={common('edit.description')}
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
