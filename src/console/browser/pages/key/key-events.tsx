import { Link } from 'react-router'
import { useRegion } from '../../frame/region.ts'
import { Ready } from '../../parts/page.tsx'
import type { Parameters } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { useReply } from '../../service/queries.ts'
import type { Events } from '../../service/replies.ts'
import { useTexts } from '../../texts/language.tsx'
import { EventChart } from '../events/event-chart.tsx'
import { EventTable } from '../events/event-table.tsx'
import { keyTexts } from '../key.texts.ts'

/** The lookup of a key's newest events. */
export function eventsOf(keyId: string): Parameters {
  return { LookupAttribute: JSON.stringify([{ Key: 'ResourceName', Value: keyId }]), MaxResults: 50 }
}

export function KeyEvents({ keyId }: { readonly keyId: string }) {
  const say = useTexts(keyTexts)
  const region = useRegion()
  const events = useReply<Events>('Actiontrail', 'LookupEvents', eventsOf(keyId))
  return (
    <Ready of={events}>
      {() => (
        <>
          <EventChart events={events.data?.Events ?? []} />
          <EventTable events={events.data?.Events ?? []} />
          <p>
            <Link to={paths.events(region, { ResourceName: keyId })}>{say('events.all')}</Link>
          </p>
        </>
      )}
    </Ready>
  )
}
