import { Select } from 'antd'
import { lackOf, Off, type Permission, WhyNot } from '../../parts/allowed.tsx'
import { TypedFilter } from '../../parts/typed-filter.tsx'
import { KEY_STATES } from '../../service/replies/keys.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import type { Wanted } from '../find-keys.ts'
import { keysTexts } from '../keys.texts.ts'
import type { FilterLacks } from './filter-rights.ts'

/** The filters of the list of keys. `change` sets parameters of the address by name. A filter that the caller may not use is disabled. */
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
    <Off why={<WhyNot {...lackOf(lack)} />}>
      <Select {...all} aria-disabled="true" className="is-off" open={false} />
    </Off>
  )
}
