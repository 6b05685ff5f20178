import { Input } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { lackOf, Off, type Permission, WhyNot } from './allowed.tsx'

const TYPED_FOR_MS = 250

/** What is typed stays as typed; the list follows when the typing rests. */
export function TypedFilter({
  value,
  label,
  lack,
  onChange,
  className = '',
}: {
  readonly value: string
  readonly label: string
  /** What its use needs and the caller may not do. */
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
  // The filters were cleared, or the browser went back.
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
