import { Input, Select } from 'antd'
import { useEffect, useRef, useState } from 'react'
import { Off, type Permission, WhyNot } from '../../parts/allowed.tsx'
import { KEY_STATES } from '../../service/replies.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import type { Wanted } from '../find-keys.ts'
import { keysTexts } from '../keys.texts.ts'
import type { FilterLacks } from './filter-rights.ts'

const TYPED_FOR_MS = 250

/** What narrows the list of keys. `change` takes what the address is to say, by the names of its parameters. A filter that the caller may not use is off. */
export function KeyFilters({
  wanted,
  lacks,
  change,
}: {
  readonly wanted: Wanted
  readonly lacks: FilterLacks | null
  readonly change: (next: Readonly<Record<string, string>>) => void
}) {
  const say = useTexts(keysTexts)
  const common = useCommon()
  return (
    <>
      <TypedFilter
        className="search"
        label={say('search')}
        lack={lacks?.text}
        onChange={(q) => change({ q })}
        value={wanted.text}
      />
      <TypedFilter label={say('tag')} lack={lacks?.tag} onChange={(tag) => change({ tag })} value={wanted.tag} />
      <ChosenFilter
        label={common('field.state')}
        of={KEY_STATES.map((value) => ({ value, label: common(`state.${value}`) }))}
        onChange={(state) => change({ state })}
        value={wanted.state}
      />
      <ChosenFilter
        label={say('level')}
        of={(['SOFTWARE', 'HSM'] as const).map((value) => ({ value, label: common(`level.${value}`) }))}
        onChange={(level) => change({ level })}
        value={wanted.level}
      />
      <ChosenFilter
        label={say('origin')}
        lack={lacks?.origin}
        of={(['Aliyun_KMS', 'EXTERNAL'] as const).map((value) => ({ value, label: common(`origin.${value}`) }))}
        onChange={(origin) => change({ origin })}
        value={wanted.origin}
      />
      <ChosenFilter
        label={say('creator')}
        of={(['User', 'Service'] as const).map((value) => ({ value, label: say(`creator.${value}`) }))}
        onChange={(creator) => change({ creator })}
        value={wanted.creator}
      />
    </>
  )
}

function ChosenFilter({
  value,
  label,
  of,
  lack,
  onChange,
}: {
  readonly value: string
  readonly label: string
  readonly of: readonly { readonly value: string; readonly label: string }[]
  readonly lack?: Permission | undefined
  readonly onChange: (value: string) => void
}) {
  const say = useTexts(keysTexts)
  const all = {
    'aria-label': label,
    options: [{ value: '', label: `${label}: ${say('all')}` }, ...of],
    popupMatchSelectWidth: false,
    value,
  }
  if (!lack) return <Select {...all} onChange={onChange} />
  return (
    <Off why={<WhyNot permission={lack} />}>
      <Select {...all} aria-disabled="true" className="is-off" open={false} />
    </Off>
  )
}

/** What is typed stays as typed; the list follows when the typing rests. */
function TypedFilter({
  value,
  label,
  lack,
  onChange,
  className = '',
}: {
  readonly value: string
  readonly label: string
  readonly lack: Permission | undefined
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
    <Off why={<WhyNot permission={lack} />}>
      <Input {...look} aria-disabled="true" className={`${className} is-off`} readOnly value="" />
    </Off>
  )
}
