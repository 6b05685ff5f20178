import { useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { Link, useNavigate } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Nothing, Page, Ready, Section } from '../parts/page.tsx'
import { Badge } from '../parts/state.tsx'
import { When } from '../parts/when.tsx'
import { call } from '../service/call.ts'
import { paths } from '../service/paths.ts'
import { useReply } from '../service/queries.ts'
import type { AccessKey, Events, KeyMetadata, KeyState, Keys, TrailEvent, User } from '../service/replies.ts'
import { useSession } from '../service/session.tsx'
import { useCommon, useDates, useTexts } from '../texts/language.tsx'
import { EventChart } from './events/event-chart.tsx'
import { userOf } from './events/event-table.tsx'
import { overviewTexts } from './overview.texts.ts'

const DAY_MS = 86_400_000
/** How many keys of a state, and how many users, are looked at. */
const LOOKED_AT = 10

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
      {deleting.data && importing.data && <Attention keys={[...idsOf(deleting.data), ...idsOf(importing.data)]} />}
      <Calls />
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

function Attention({ keys }: { readonly keys: readonly string[] }) {
  const say = useTexts(overviewTexts)
  const dates = useDates()
  const region = useRegion()
  const described = useQuery({
    queryKey: [region, 'attention', keys],
    queryFn: ({ signal }) =>
      Promise.all(
        keys.map(async (id) => {
          const reply = await call<{ KeyMetadata: KeyMetadata }>('Kms', 'DescribeKey', region, { KeyId: id }, signal)
          return reply.KeyMetadata
        }),
      ),
  })
  const idle = useIdleKeys()
  const isCalm = described.data?.length === 0 && idle.length === 0
  return (
    <Section title={say('attention')}>
      <Ready of={described}>
        {() =>
          isCalm ? (
            <Nothing text={say('calm')} />
          ) : (
            <ul className="attention">
              {described.data?.map((key) => (
                <li key={key.KeyId}>
                  <Badge tone={key.DeleteDate ? 'bad' : 'wait'}>
                    {key.DeleteDate ? 'Pending Deletion' : 'Pending Import'}
                  </Badge>
                  <Link className="mono" to={paths.key(region, key.KeyId)}>
                    {key.KeyId}
                  </Link>
                  <span>
                    {key.DeleteDate ? say('due.deletion', { date: dates.day(key.DeleteDate) }) : say('due.material')}
                  </span>
                  <span className="muted">{key.Description}</span>
                </li>
              ))}
              {idle.map(({ user, id }) => (
                <li key={id}>
                  <Badge tone="wait">AccessKey</Badge>
                  <Link to={paths.user(user, 'accesskeys')}>{say('key.unused', { user, id })}</Link>
                </li>
              ))}
            </ul>
          )
        }
      </Ready>
    </Section>
  )
}

/** AccessKeys of the first users that nobody used for 90 days. Who may not see users sees none. */
function useIdleKeys(): readonly { readonly user: string; readonly id: string }[] {
  const region = useRegion()
  const { data } = useQuery({
    queryKey: [region, 'idle-keys'],
    queryFn: async ({ signal }) => {
      const ram = <T,>(operation: string, parameters = {}) => call<T>('Ram', operation, region, parameters, signal)
      const { Users } = await ram<{ Users: { User: readonly User[] } }>('ListUsers', { MaxItems: LOOKED_AT })
      const idle: { user: string; id: string }[] = []
      for (const { UserName } of Users.User) {
        const { AccessKeys } = await ram<{ AccessKeys: { AccessKey: readonly AccessKey[] } }>('ListAccessKeys', {
          UserName,
        })
        for (const { AccessKeyId, Status } of AccessKeys.AccessKey) {
          if (Status !== 'Active') continue
          const { AccessKeyLastUsed } = await ram<{ AccessKeyLastUsed: { LastUsedDate: string } }>(
            'GetAccessKeyLastUsed',
            {
              UserName,
              UserAccessKeyId: AccessKeyId,
            },
          )
          const used = Date.parse(AccessKeyLastUsed.LastUsedDate)
          if (!(Date.now() - used < 90 * DAY_MS)) idle.push({ user: UserName, id: AccessKeyId })
        }
      }
      return idle
    },
    retry: false,
  })
  return data ?? []
}

function Calls() {
  const say = useTexts(overviewTexts)
  const region = useRegion()
  const events = useReply<Events>('Actiontrail', 'LookupEvents', { MaxResults: 50 })
  const refused: readonly TrailEvent[] = (events.data?.Events ?? []).filter(({ errorCode }) => errorCode).slice(0, 5)
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
