import { Dropdown, type DropdownProps } from 'antd'
import type { ReactElement } from 'react'

interface Props {
  readonly items: NonNullable<NonNullable<DropdownProps['menu']>['items']>
  readonly placement?: 'bottomRight'
  /** The button that opens it. */
  readonly children: ReactElement
}

/** A menu that takes the focus when it opens. */
export function DropMenu({ items, children, ...rest }: Props) {
  return (
    <Dropdown
      autoFocus
      // Otherwise the Enter that chooses also presses the element that gets the focus next, such as the button that closes a dialog.
      menu={{ items, onClick: ({ domEvent }) => domEvent.preventDefault() }}
      trigger={['click']}
      {...rest}
    >
      {children}
    </Dropdown>
  )
}
