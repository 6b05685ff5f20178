import { Link } from 'react-router'
import { useRegion } from '../../frame/region.ts'
import { Ready } from '../../parts/page.tsx'
import type { Parameters } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { useReply } from '../../service/queries.ts'
import type { Events } from '../../service/replies/trail.ts'
import { EventChart } from './event-chart.tsx'
import { EventTable } from './event-table.tsx'

/** The lookup of the newest events of a resource, by its name in events. */
export function eventsOf(name: string): Parameters {
  return { LookupAttribute: JSON.stringify([{ Key: 'ResourceName', Value: name }]), MaxResults: 50 }
}

/** The newest events of a key or a secret; `all` is the text of the link to all of them. */
export function NewestEvents({ name, all }: { readonly name: string; readonly all: string }) {
  const region = useRegion()
  const events = useReply<Events>('Actiontrail', 'LookupEvents', eventsOf(name))
  return (
    <Ready of={events}>
      {() => (
        <>
          <EventChart events={events.data?.Events ?? []} />
          <EventTable events={events.data?.Events ?? []} />
          <p>
            <Link to={paths.events(region, { ResourceName: name })}>{all}</Link>
          </p>
        </>
      )}
    </Ready>
  )
}
