import { Skeleton } from 'antd'
import { useState } from 'react'
import { useParams } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Do } from '../parts/allowed.tsx'
import { Page, Ready } from '../parts/page.tsx'
import { KeyStateTag } from '../parts/state.tsx'
import { TabLinks } from '../parts/tab-links.tsx'
import { Refusal } from '../service/call.ts'
import { paths } from '../service/paths.ts'
import { usePermissions } from '../service/permissions.ts'
import { useReply } from '../service/queries.ts'
import type { KeyMetadata } from '../service/replies/keys.ts'
import { useCommon, useTexts } from '../texts/language.tsx'
import { NewestEvents } from './events/newest-events.tsx'
import type { AliasesReply } from './key/alias-list.tsx'
import { Details } from './key/details.tsx'
import { KeyDialog, useKeyActions } from './key/key-actions.tsx'
import { useKeyName } from './key/key-name.ts'
import { Material } from './key/material.tsx'
import { Versions } from './key/versions.tsx'
import { WhoCan } from './key/who-can.tsx'
import { keyTexts } from './key.texts.ts'

export default function KeyPage() {
  const say = useTexts(keyTexts)
  const common = useCommon()
  const region = useRegion()
  const { keyId = '' } = useParams()
  const key = useReply<{ KeyMetadata: KeyMetadata }>('Kms', 'DescribeKey', { KeyId: keyId })
  const { aliases, name } = useKeyName(keyId)
  const metadata = key.data?.KeyMetadata
  return (
    <Page
      actions={metadata && <Actions metadata={metadata} />}
      crumbs={[{ label: common('nav.keys'), to: paths.keys(region) }]}
      lead={metadata?.Description}
      name={name}
      title={
        aliases.isPending ? (
          <Skeleton.Input active size="small" />
        ) : (
          <span className="key-title">
            {name} {metadata && <KeyStateTag state={metadata.KeyState} />}
          </span>
        )
      }
    >
      {key.error instanceof Refusal && key.error.code === 'Forbidden.KeyNotFound' && (
        <p>{say('elsewhere', { region })}</p>
      )}
      <Ready of={key}>{() => metadata && <KeyTabs aliases={aliases} metadata={metadata} />}</Ready>
    </Page>
  )
}

interface TabsProps {
  readonly metadata: KeyMetadata
  readonly aliases: AliasesReply
}

function KeyTabs({ metadata, aliases }: TabsProps) {
  const say = useTexts(keyTexts)
  const region = useRegion()
  const { tab = 'details' } = useParams()
  return (
    <TabLinks
      at={tab}
      label={say('details')}
      tabs={[
        { key: 'details', label: say('details'), content: () => <Details aliases={aliases} metadata={metadata} /> },
        { key: 'versions', label: say('versions'), content: () => <Versions metadata={metadata} /> },
        { key: 'material', label: say('material'), content: () => <Material metadata={metadata} /> },
        { key: 'access', label: say('access'), content: () => <WhoCan metadata={metadata} /> },
        {
          key: 'events',
          label: say('events'),
          content: () => <NewestEvents all={say('events.all')} name={metadata.KeyId} />,
        },
      ]}
      to={(next) => paths.key(region, metadata.KeyId, next)}
    />
  )
}

function Actions({ metadata }: { readonly metadata: KeyMetadata }) {
  const actions = useKeyActions(metadata)
  const [dialog, setDialog] = useState<KeyDialog | null>(null)
  const permission = usePermissions(
    metadata.Arn,
    actions.map(({ action }) => action),
  )
  return (
    <>
      {actions.map(({ dialog: key, action, label, because }) => (
        <Do
          because={because}
          danger={key === 'schedule'}
          key={key}
          onClick={() => setDialog(key)}
          permission={permission(action)}
        >
          {label}
        </Do>
      ))}
      {dialog && <KeyDialog close={() => setDialog(null)} dialog={dialog} metadata={metadata} />}
    </>
  )
}
