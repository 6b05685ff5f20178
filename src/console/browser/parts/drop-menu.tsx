import { Dropdown, type DropdownProps } from 'antd'
import { type ReactElement, useRef } from 'react'

interface Props {
  readonly items: NonNullable<NonNullable<DropdownProps['menu']>['items']>
  readonly placement?: 'bottomRight'
  /** The button that opens it. */
  readonly children: ReactElement
}

/** A menu that takes the focus when it opens, and returns it when it closes. */
export function DropMenu({ items, children, ...rest }: Props) {
  const opener = useRef<Element | null>(null)
  const moveFocus = (isOpen: boolean) => {
    if (isOpen) opener.current = document.activeElement
    else if (opener.current instanceof HTMLElement) opener.current.focus()
  }
  return (
    <Dropdown
      autoFocus
      // Otherwise the Enter that chooses also presses the element that gets the focus next, such as the button that closes a dialog.
      menu={{ items, onClick: ({ domEvent }) => domEvent.preventDefault() }}
      onOpenChange={moveFocus}
      trigger={['click']}
      {...rest}
    >
      {children}
    </Dropdown>
  )
}
