import { useEffect, useState } from 'react'

/**
 * When the calling dialog is removed, moves the focus back to the element that had it before. Dialogs here are removed instead of hidden,
 * and the library returns the focus only from hidden ones.
 */
export function useReturnedFocus(): void {
  const [former] = useState(() => document.activeElement)
  useEffect(
    () => () => {
      if (former instanceof HTMLElement) former.focus({ preventScroll: true })
    },
    [former],
  )
}
