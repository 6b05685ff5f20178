import { useInfiniteQuery } from '@tanstack/react-query'
import { Button, Input, Select } from 'antd'
import { useState } from 'react'
import { useSearchParams } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { CloseIcon } from '../parts/icons.tsx'
import { Page, Ready } from '../parts/page.tsx'
import { call } from '../service/call.ts'
import type { Events } from '../service/replies/trail.ts'
import { lastSeconds } from '../service/time.ts'
import { useCommon, useTexts } from '../texts/language.tsx'
import { EventChart } from './events/event-chart.tsx'
import { EventTable } from './events/event-table.tsx'
import { eventTexts } from './events.texts.ts'

const ATTRIBUTES = [
  'EventName',
  'ServiceName',
  'User',
  'ResourceName',
  'ResourceType',
  'EventRW',
  'EventType',
  'EventAccessKeyId',
  'SourceIpAddress',
  'RoleName',
  'PrincipalId',
  'EventId',
] as const

const RANGES = { '1h': 3600, '1d': 86_400, '7d': 604_800, '30d': 2_592_000, '90d': 7_775_000 } as const
type Range = keyof typeof RANGES
const PAGE_SIZE = 50

export default function EventsPage() {
  const say = useTexts(eventTexts)
  const common = useCommon()
  const region = useRegion()
  const [search, setSearch] = useSearchParams()
  const range = (search.get('range') ?? '7d') as Range
  const refusedOnly = search.get('result') === 'refused'
  const conditions = ATTRIBUTES.flatMap((Key) => {
    const Value = search.get(Key)
    return Value ? [{ Key, Value }] : []
  })
  const set = (name: string, value: string | null) => {
    const next = new URLSearchParams(search)
    if (value === null) next.delete(name)
    else next.set(name, value)
    setSearch(next, { replace: true })
  }
  const events = useInfiniteQuery({
    queryKey: [region, 'events', range, conditions],
    queryFn: ({ pageParam, signal }) =>
      call<Events>(
        'Actiontrail',
        'LookupEvents',
        region,
        {
          MaxResults: PAGE_SIZE,
          LookupAttribute: conditions.length > 0 ? JSON.stringify(conditions) : undefined,
          ...(pageParam === ''
            ? between(lastSeconds(RANGES[range] ?? RANGES['7d']))
            : { NextToken: pageParam.token, StartTime: pageParam.start, EndTime: pageParam.end }),
        },
        signal,
      ),
    initialPageParam: '' as '' | { readonly token: string; readonly start: string; readonly end: string },
    getNextPageParam: (last) => {
      const { NextToken, StartTime, EndTime } = last as Events & { StartTime: string; EndTime: string }
      return NextToken ? { token: NextToken, start: StartTime, end: EndTime } : undefined
    },
    staleTime: 2000,
  })
  const loaded = events.data?.pages.flatMap((page) => page.Events) ?? []
  const shown = refusedOnly ? loaded.filter(({ errorCode }) => errorCode) : loaded
  return (
    <Page
      actions={
        <Button loading={events.isFetching} onClick={() => void events.refetch()}>
          {common('do.refresh')}
        </Button>
      }
      lead={say('lead')}
      name={common('nav.events')}
      title={common('nav.events')}
    >
      <div className="filters">
        <Select
          aria-label={say('range')}
          onChange={(value) => set('range', value)}
          options={(Object.keys(RANGES) as Range[]).map((value) => ({ value, label: say(`range.${value}`) }))}
          popupMatchSelectWidth={false}
          value={range}
        />
        <Select
          aria-label={say('results')}
          onChange={(value) => set('result', value === '' ? null : value)}
          options={[
            { value: '', label: say('results.all') },
            { value: 'refused', label: say('results.refused') },
          ]}
          popupMatchSelectWidth={false}
          value={refusedOnly ? 'refused' : ''}
        />
        <AddFilter add={set} />
        {conditions.map(({ Key, Value }) => (
          <span className="chip" key={Key}>
            {Key} = <code className="mono">{Value}</code>
            <Button
              aria-label={say('filter.remove', { name: Key })}
              icon={<CloseIcon />}
              onClick={() => set(Key, null)}
              size="small"
              type="text"
            />
          </span>
        ))}
      </div>
      <Ready of={events}>
        {() => (
          <>
            <EventChart events={shown} />
            <EventTable events={shown} />
            <div className="list-foot">
              <span className="muted">{say('loaded', { count: loaded.length })}</span>
              {events.hasNextPage && (
                <Button loading={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>
                  {common('do.more-rows')}
                </Button>
              )}
            </div>
          </>
        )}
      </Ready>
    </Page>
  )
}

function between([StartTime, EndTime]: readonly [string, string]) {
  return { StartTime, EndTime }
}

function AddFilter({ add }: { readonly add: (name: string, value: string) => void }) {
  const say = useTexts(eventTexts)
  const common = useCommon()
  const [name, setName] = useState<string>('EventName')
  const [value, setValue] = useState('')
  const go = () => {
    if (value.trim() === '') return
    add(name, value.trim())
    setValue('')
  }
  return (
    <span className="add-filter">
      <Select
        aria-label={say('filter.add')}
        onChange={setName}
        options={ATTRIBUTES.map((one) => ({ value: one, label: one }))}
        popupMatchSelectWidth={false}
        value={name}
      />
      <Input
        aria-label={say('filter.value', { name })}
        onChange={(event) => setValue(event.target.value)}
        onPressEnter={go}
        value={value}
      />
      <Button onClick={go}>{common('do.add')}</Button>
    </span>
  )
}
