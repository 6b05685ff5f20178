import { Button } from 'antd'
import { Link, useNavigate } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Nothing, Page, Ready, Section } from '../parts/page.tsx'
import { Badge } from '../parts/state.tsx'
import { When } from '../parts/when.tsx'
import { paths } from '../service/paths.ts'
import { useReply } from '../service/queries.ts'
import type { KeyState, Keys } from '../service/replies/keys.ts'
import type { Events, TrailEvent } from '../service/replies/trail.ts'
import { useSession } from '../service/session.tsx'
import { useCommon, useTexts } from '../texts/language.tsx'
import { EventChart } from './events/event-chart.tsx'
import { userOf } from './events/user-of.ts'
import { Attention } from './overview/attention.tsx'
import { useLacks } from './overview/lacks.ts'
import { LOOKED_AT } from './overview/looking.ts'
import { QuotaSection } from './overview/quota-section.tsx'
import { overviewTexts } from './overview.texts.ts'

export default function OverviewPage() {
  const say = useTexts(overviewTexts)
  const common = useCommon()
  const region = useRegion()
  const navigate = useNavigate()
  const { AccountId } = useSession()
  const enabled = useKeysIn('Enabled')
  const disabled = useKeysIn('Disabled')
  const importing = useKeysIn('PendingImport')
  const deleting = useKeysIn('PendingDeletion')
  const tiles = [
    ['enabled', 'Enabled', enabled],
    ['disabled', 'Disabled', disabled],
    ['importing', 'PendingImport', importing],
    ['deleting', 'PendingDeletion', deleting],
  ] as const
  const lacks = useLacks()
  const isNew = tiles.every(([, , { data }]) => data?.TotalCount === 0)
  return (
    <Page
      lead={say('lead', { account: AccountId, region })}
      name={common('nav.overview')}
      title={common('nav.overview')}
    >
      <Ready of={enabled}>
        {() => (
          <div className="tiles">
            {tiles.map(([text, state, { data }]) => (
              <Link className="tile" key={state} to={`${paths.keys(region)}?state=${state}`}>
                <b>{data?.TotalCount ?? '–'}</b>
                <span>{say(text)}</span>
              </Link>
            ))}
          </div>
        )}
      </Ready>
      {isNew && (
        <Section title={say('start')}>
          <p>{say('start.text')}</p>
          <Button onClick={() => void navigate(paths.newKey(region))} type="primary">
            {say('create')}
          </Button>
        </Section>
      )}
      {lacks && <Attention importing={idsOf(importing.data)} lacks={lacks} />}
      <Calls />
      {lacks && <QuotaSection lacks={lacks} />}
    </Page>
  )
}

function useKeysIn(state: KeyState) {
  return useReply<Keys>('Kms', 'ListKeys', {
    PageSize: LOOKED_AT,
    Filters: JSON.stringify([{ Key: 'KeyState', Values: [state] }]),
  })
}

function idsOf(keys: Keys | undefined): readonly string[] {
  return keys?.Keys.Key.map(({ KeyId }) => KeyId) ?? []
}

/** Whether an event is of a refused call. A read of something that does not exist in RAM, such as the login profile of a program, is not counted. */
function isRefused({ errorCode = '', eventRW }: TrailEvent): boolean {
  return errorCode !== '' && !(eventRW === 'Read' && errorCode.startsWith('EntityNotExist'))
}

function Calls() {
  const say = useTexts(overviewTexts)
  const region = useRegion()
  const events = useReply<Events>('Actiontrail', 'LookupEvents', { MaxResults: 50 })
  const refused = (events.data?.Events ?? []).filter(isRefused).slice(0, 5)
  return (
    <Section actions={<Link to={paths.events(region)}>{say('calls.all')}</Link>} title={say('calls')}>
      <Ready of={events}>
        {() => (
          <>
            {events.data?.Events.length ? (
              <EventChart events={events.data.Events} />
            ) : (
              <Nothing text={say('calls.none')} />
            )}
            {refused.length > 0 && (
              <>
                <h3>{say('refused')}</h3>
                <ul className="attention">
                  {refused.map((event) => (
                    <li key={event.eventId}>
                      <Badge tone="bad">{event.errorCode ?? ''}</Badge>
                      <Link to={paths.events(region, { EventId: event.eventId })}>{event.eventName}</Link>
                      <span>{userOf(event)}</span>
                      <span className="muted">
                        <When ago date={event.eventTime} />
                      </span>
                    </li>
                  ))}
                </ul>
              </>
            )}
          </>
        )}
      </Ready>
    </Section>
  )
}
