import { type ReactNode, useState } from 'react'
import { useNavigate } from 'react-router'
import { Do } from '../../parts/allowed.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange } from '../../service/queries.ts'
import { useTexts } from '../../texts/language.tsx'
import { KINDS, type Kind } from './kind.ts'
import { ramTexts } from './ram.texts.ts'

/** The button that deletes an object of a kind, with a dialog that asks for confirmation. Afterwards it shows the page at `back`. */
export function useDeletion(
  kind: Kind,
  name: string,
  back: string,
): { readonly button: ReactNode; readonly dialog: ReactNode } {
  const say = useTexts(ramTexts)
  const navigate = useNavigate()
  const [isOpen, setOpen] = useState(false)
  const { product, service, resource } = KINDS[kind]
  const action = `${service}:Delete${kind}`
  const permission = usePermissions(useArns().ram(`${resource}/${name}`), [action])
  const remove = useChange((_: undefined, region) => call(product, `Delete${kind}`, region, { [`${kind}Name`]: name }))
  const button = (
    <Do danger onClick={() => setOpen(true)} permission={permission(action)}>
      {say(`${kind}.delete`)}
    </Do>
  )
  const dialog = isOpen && (
    <Confirm
      close={() => setOpen(false)}
      danger
      // Only an empty group can be deleted, so nobody loses permissions.
      retype={kind === 'Group' ? undefined : name}
      run={async () => {
        await remove.mutateAsync(undefined)
        void navigate(back)
      }}
      title={say(`${kind}.delete`)}
      verb={say(`${kind}.delete`)}
    >
      <p>{say(`${kind}.delete.text`, { name })}</p>
    </Confirm>
  )
  return { button, dialog }
}
