import { useQueries } from '@tanstack/react-query'
import { Link } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { CopyBox } from '../parts/copy-box.tsx'
import { Listing } from '../parts/listing.tsx'
import { Page, Section } from '../parts/page.tsx'
import { Badge } from '../parts/state.tsx'
import { call } from '../service/call.ts'
import { paths } from '../service/paths.ts'
import type { Keys } from '../service/replies/keys.ts'
import { useSession } from '../service/session.tsx'
import { useCommon, useTexts } from '../texts/language.tsx'
import { Tokens } from './hsm/tokens.tsx'
import { hsmTexts } from './hsm.texts.ts'

const IN_HSM = JSON.stringify([{ Key: 'ProtectionLevel', Values: ['HSM'] }])
const CHECK = 'strongroom hsm check'

export default function HsmPage() {
  const say = useTexts(hsmTexts)
  const common = useCommon()
  const here = useRegion()
  const { Regions } = useSession()
  const withHsm = Regions.filter(({ Hsm }) => Hsm)
  const counts = useQueries({
    queries: withHsm.map(({ Id }) => ({
      queryKey: [Id, 'hsm-keys'],
      queryFn: () => call<Keys>('Kms', 'ListKeys', Id, { PageSize: 1, Filters: IN_HSM }),
      retry: false,
    })),
  })
  const hasHsm = withHsm.some(({ Id }) => Id === here)
  return (
    <Page lead={say('lead')} name={common('nav.hsm')} title={common('nav.hsm')}>
      {!hasHsm && (
        <p>
          {withHsm.length > 0 ? (
            say('none', { regions: withHsm.map(({ Id }) => Id).join(', ') })
          ) : (
            <>
              {say('nowhere')}{' '}
              <a href="/docs/hsm" rel="noreferrer" target="_blank">
                {say('nowhere.how')}
              </a>
            </>
          )}
        </p>
      )}
      {withHsm.length > 0 && (
        <Section title={say('regions')}>
          <Listing
            columns={[
              { title: say('region'), dataIndex: 'Id', render: (id: string) => <code className="mono">{id}</code> },
              { title: say('hsm'), key: 'hsm', render: () => <Badge tone="good">{say('yes')}</Badge> },
              {
                title: say('keys'),
                key: 'keys',
                render: (_, { Id }) => {
                  const count = counts[withHsm.findIndex((one) => one.Id === Id)]?.data?.TotalCount
                  return <Link to={`${paths.keys(Id)}?level=HSM`}>{count === undefined ? say('open') : count}</Link>
                },
              },
            ]}
            dataSource={[...withHsm]}
            rowKey="Id"
          />
        </Section>
      )}
      {withHsm.length > 0 && <Tokens />}
      <Section title={say('can')}>
        <ul className="consequences">
          <li>{say('can.1')}</li>
          <li>{say('can.2')}</li>
          <li>{say('can.3')}</li>
        </ul>
        <p>{say('check')}</p>
        <CopyBox label={CHECK} text={CHECK} />
      </Section>
    </Page>
  )
}
