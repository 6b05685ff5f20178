import { Link } from 'react-router'
import { useRegion } from '../../frame/region.ts'
import { Ready } from '../../parts/page.tsx'
import { paths } from '../../service/paths.ts'
import { useReply } from '../../service/queries.ts'
import type { Events } from '../../service/replies.ts'
import { useTexts } from '../../texts/language.tsx'
import { EventChart } from '../events/event-chart.tsx'
import { EventTable } from '../events/event-table.tsx'
import { eventsOf } from '../key/key-events.tsx'
import { secretTexts } from '../secret.texts.ts'

export function SecretEvents({ name }: { readonly name: string }) {
  const say = useTexts(secretTexts)
  const region = useRegion()
  const events = useReply<Events>('Actiontrail', 'LookupEvents', eventsOf(name))
  return (
    <Ready of={events}>
      {() => (
        <>
          <EventChart events={events.data?.Events ?? []} />
          <EventTable events={events.data?.Events ?? []} />
          <p>
            <Link to={paths.events(region, { ResourceName: name })}>{say('events.all')}</Link>
          </p>
        </>
      )}
    </Ready>
  )
}
