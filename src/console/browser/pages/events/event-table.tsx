import { Button, Drawer } from 'antd'
import { useState } from 'react'
import { CopyBox } from '../../parts/copy-box.tsx'
import { Listing } from '../../parts/listing.tsx'
import { Mono } from '../../parts/mono.tsx'
import { Facts, Nothing } from '../../parts/page.tsx'
import { Badge } from '../../parts/state.tsx'
import { When } from '../../parts/when.tsx'
import type { TrailEvent } from '../../service/replies/trail.ts'
import { useDates, useTexts } from '../../texts/language.tsx'
import { eventTexts } from '../events.texts.ts'
import { Denied } from './denied.tsx'
import { userOf } from './user-of.ts'

export function EventTable({ events }: { readonly events: readonly TrailEvent[] }) {
  const say = useTexts(eventTexts)
  const dates = useDates()
  const [open, setOpen] = useState<TrailEvent | null>(null)
  return (
    <div className="panel">
      <Listing<TrailEvent>
        columns={[
          { title: say('time'), key: 'time', render: (_, { eventTime }) => <When date={eventTime} /> },
          { title: say('user'), key: 'user', render: (_, event) => userOf(event) },
          {
            title: say('name'),
            key: 'name',
            render: (_, event) => (
              <Button
                aria-label={say('detail.open', { name: event.eventName, time: dates.full(event.eventTime) })}
                className="link-button"
                onClick={() => setOpen(event)}
                size="small"
                type="link"
              >
                {event.eventName}
              </Button>
            ),
          },
          {
            title: say('resource'),
            key: 'resource',
            render: (_, event) => <code className="mono resource">{resourceOf(event)}</code>,
          },
          { title: say('result'), key: 'result', render: (_, event) => <Result event={event} /> },
          {
            title: say('source'),
            key: 'source',
            render: (_, { sourceIpAddress }) => <code className="mono">{sourceIpAddress}</code>,
          },
        ]}
        dataSource={[...events]}
        locale={{ emptyText: <Nothing text={say('none')} /> }}
        rowKey="eventId"
      />
      <Drawer onClose={() => setOpen(null)} open={open !== null} size={640} title={say('detail')}>
        {open && <EventDetail event={open} />}
      </Drawer>
    </div>
  )
}

function EventDetail({ event }: { readonly event: TrailEvent }) {
  const say = useTexts(eventTexts)
  const text = JSON.stringify(event, null, 2)
  const { errorMessage, serviceName, eventName } = event
  return (
    <>
      <Facts
        of={[
          [say('name'), `${serviceName} ${eventName}`],
          [say('time'), <When date={event.eventTime} key="time" />],
          [say('user'), userOf(event)],
          [say('result'), <Result event={event} key="result" />],
          [say('message'), errorMessage || undefined],
          ['EventId', <Mono key="id" label="EventId" text={event.eventId} />],
        ]}
      />
      <Denied event={event} />
      <CopyBox label={say('detail')} look="document" text={text} />
    </>
  )
}

function Result({ event: { errorCode } }: { readonly event: TrailEvent }) {
  const say = useTexts(eventTexts)
  return errorCode ? <Badge tone="bad">{errorCode}</Badge> : <Badge tone="good">{say('ok')}</Badge>
}

function resourceOf({ referencedResources, resourceName }: TrailEvent): string {
  return resourceName ?? Object.values(referencedResources ?? {}).flat()[0] ?? ''
}
