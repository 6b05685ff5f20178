import { Dropdown, type DropdownProps } from 'antd'
import type { ReactElement } from 'react'

interface Props {
  readonly items: NonNullable<NonNullable<DropdownProps['menu']>['items']>
  readonly placement?: 'bottomRight'
  /** The button that opens it. */
  readonly children: ReactElement
}

/** A menu that opens with the focus in it. */
export function DropMenu({ items, children, ...rest }: Props) {
  return (
    <Dropdown
      autoFocus
      // Else the Enter that chooses presses what has the focus next, too, such as the button that closes a dialog.
      menu={{ items, onClick: ({ domEvent }) => domEvent.preventDefault() }}
      trigger={['click']}
      {...rest}
    >
      {children}
    </Dropdown>
  )
}
