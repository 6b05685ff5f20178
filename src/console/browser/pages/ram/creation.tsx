import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import { Do, type Permission } from '../../parts/allowed.tsx'
import { PlusIcon } from '../../parts/icons.tsx'
import { useArns } from '../../service/arns.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useTexts } from '../../texts/language.tsx'
import { KINDS, type Kind } from './kind.ts'
import { ramTexts } from './ram.texts.ts'

/**
 * The button that creates one of a kind. It opens a dialog, which has an address of its own, unless `go` leads to a page.
 */
export function useCreation(
  kind: Kind,
  go?: () => void,
): {
  readonly button: ReactNode
  readonly permission: Permission
  readonly isOpen: boolean
  close(): void
} {
  const say = useTexts(ramTexts)
  const [search, setSearch] = useSearchParams()
  const { service, resource } = KINDS[kind]
  const action = `${service}:Create${kind}`
  const permission = usePermissions(useArns().ram(`${resource}/*`), [action])
  const button = (
    <Do
      icon={<PlusIcon />}
      onClick={go ?? (() => setSearch({ dialog: 'create' }))}
      permission={permission(action)}
      type="primary"
    >
      {say(`${kind}.create`)}
    </Do>
  )
  return {
    button,
    permission: permission(action),
    isOpen: search.get('dialog') === 'create',
    close: () => setSearch({}, { replace: true }),
  }
}
