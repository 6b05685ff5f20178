import { Alert } from 'antd'
import { useState } from 'react'
import { useParams } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Do } from '../parts/allowed.tsx'
import { Page, Ready } from '../parts/page.tsx'
import { TabLinks } from '../parts/tab-links.tsx'
import { paths } from '../service/paths.ts'
import { usePermissions } from '../service/permissions.ts'
import { useReply } from '../service/queries.ts'
import type { SecretMetadata } from '../service/replies/secrets.ts'
import { useCommon, useDates, useTexts } from '../texts/language.tsx'
import { NewestEvents } from './events/newest-events.tsx'
import { SecretDetails } from './secret/details.tsx'
import { DeleteSecret, RestoreSecret } from './secret/removal.tsx'
import { SecretVersions } from './secret/versions.tsx'
import { secretTexts } from './secret.texts.ts'

export default function SecretPage() {
  const common = useCommon()
  const region = useRegion()
  const { secretName: name = '' } = useParams()
  const secret = useReply<SecretMetadata>('Kms', 'DescribeSecret', { SecretName: name, FetchTags: true })
  return (
    <Page
      actions={secret.data && <Actions metadata={secret.data} />}
      crumbs={[{ label: common('nav.secrets'), to: paths.secrets(region) }]}
      lead={secret.data?.Description}
      name={name}
      title={name}
    >
      <Ready of={secret}>{() => secret.data && <SecretTabs metadata={secret.data} />}</Ready>
    </Page>
  )
}

function SecretTabs({ metadata }: { readonly metadata: SecretMetadata }) {
  const say = useTexts(secretTexts)
  const dates = useDates()
  const region = useRegion()
  const { tab = 'details' } = useParams()
  const { PlannedDeleteTime: date } = metadata
  return (
    <>
      {date !== undefined && (
        <Alert showIcon title={say('deletion.planned', { date: dates.day(new Date(date)) })} type="warning" />
      )}
      <TabLinks
        at={tab}
        label={say('details')}
        tabs={[
          { key: 'details', label: say('details'), content: () => <SecretDetails metadata={metadata} /> },
          { key: 'versions', label: say('versions'), content: () => <SecretVersions metadata={metadata} /> },
          {
            key: 'events',
            label: say('events'),
            content: () => <NewestEvents all={say('events.all')} name={metadata.SecretName} />,
          },
        ]}
        to={(next) => paths.secret(region, metadata.SecretName, next)}
      />
    </>
  )
}

function Actions({ metadata }: { readonly metadata: SecretMetadata }) {
  const say = useTexts(secretTexts)
  const [dialog, setDialog] = useState<'delete' | 'restore' | null>(null)
  const permission = usePermissions(metadata.Arn, ['kms:DeleteSecret', 'kms:RestoreSecret'])
  const isDeleted = metadata.PlannedDeleteTime !== undefined
  const close = () => setDialog(null)
  return (
    <>
      <Do
        because={!isDeleted && say('not.deleted')}
        onClick={() => setDialog('restore')}
        permission={permission('kms:RestoreSecret')}
      >
        {say('restore')}
      </Do>
      <Do
        because={isDeleted && say('is.deleted')}
        danger
        onClick={() => setDialog('delete')}
        permission={permission('kms:DeleteSecret')}
      >
        {say('delete')}
      </Do>
      {dialog === 'delete' && <DeleteSecret close={close} metadata={metadata} />}
      {dialog === 'restore' && <RestoreSecret close={close} metadata={metadata} />}
    </>
  )
}
