import { Input } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { lackOf, Off, type Permission, WhyNot } from './allowed.tsx'

const TYPED_FOR_MS = 250

/** A filter for typed text. The list is updated after a pause in typing. */
export function TypedFilter({
  value,
  label,
  lack,
  onChange,
  className = '',
}: {
  readonly value: string
  readonly label: string
  /** The missing permission for the filter. */
  readonly lack?: Permission | undefined
  readonly onChange: (value: string) => void
  readonly className?: string
}) {
  const [typed, setTyped] = useState(value)
  const asked = useRef(value)
  // biome-ignore lint/correctness/useExhaustiveDependencies: only typing starts the wait
  useEffect(() => {
    if (typed.trim() === value) return
    const timer = setTimeout(() => {
      asked.current = typed.trim()
      onChange(asked.current)
    }, TYPED_FOR_MS)
    return () => clearTimeout(timer)
  }, [typed])
  // Follows a change from outside: the filters were cleared, or the browser went back.
  useEffect(() => {
    if (value === asked.current) return
    asked.current = value
    setTyped(value)
  }, [value])
  const look = { 'aria-label': label, placeholder: label, style: className ? {} : { width: 240 } }
  if (!lack)
    return (
      <Input
        {...look}
        allowClear
        className={className}
        onChange={(event) => setTyped(event.target.value)}
        value={typed}
      />
    )
  return (
    <Off why={<WhyNot {...lackOf(lack)} />}>
      <Input {...look} aria-disabled="true" className={`${className} is-off`} readOnly value="" />
    </Off>
  )
}
