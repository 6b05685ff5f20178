import { useState } from 'react'
import { Do } from '../../parts/allowed.tsx'
import { type Column, Listing } from '../../parts/listing.tsx'
import { Mono } from '../../parts/mono.tsx'
import { Ready, Section } from '../../parts/page.tsx'
import { Badge } from '../../parts/state.tsx'
import { When } from '../../parts/when.tsx'
import { isSymmetric } from '../../service/key-specs.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useReply } from '../../service/queries.ts'
import type { KeyMetadata, KeyVersion, KeyVersions } from '../../service/replies/keys.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { CreateVersion } from './create-version.tsx'
import { PublicKey } from './public-key.tsx'
import { Rotation } from './rotation.tsx'
import { versionTexts } from './versions.texts.ts'

const PAGE_SIZE = 20

/** The rotation and the versions of a key; versions of an asymmetric key with their public keys. */
export function Versions({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(versionTexts)
  const common = useCommon()
  const [page, setPage] = useState(1)
  const [shown, setShown] = useState<readonly string[]>([])
  const versions = useReply<KeyVersions>('Kms', 'ListKeyVersions', {
    KeyId: metadata.KeyId,
    PageNumber: page,
    PageSize: PAGE_SIZE,
  })
  const hasPairs = !isSymmetric(metadata.KeySpec)
  const permission = usePermissions(metadata.Arn, hasPairs ? ['kms:GetPublicKey'] : [])
  const primary: Column<KeyVersion> = {
    title: common('field.state'),
    key: 'primary',
    render: (_, { KeyVersionId }) =>
      KeyVersionId === metadata.PrimaryKeyVersion ? (
        <Badge tone="good">{say('primary')}</Badge>
      ) : (
        <Badge tone="idle">{say('other')}</Badge>
      ),
  }
  const publicKey: Column<KeyVersion> = {
    title: say('public'),
    key: 'public',
    render: (_, { KeyVersionId: id }) => {
      const isShown = shown.includes(id)
      return (
        <Do
          aria-expanded={isShown}
          aria-label={say(isShown ? 'public.hide' : 'public.show', { version: id })}
          because={metadata.KeyState !== 'Enabled' && say('public.state')}
          onClick={() => setShown(isShown ? shown.filter((one) => one !== id) : [...shown, id])}
          permission={permission('kms:GetPublicKey')}
          size="small"
        >
          {common(isShown ? 'do.hide' : 'do.show')}
        </Do>
      )
    },
  }
  return (
    <>
      <Rotation metadata={metadata} />
      <Section actions={hasPairs && <CreateVersion metadata={metadata} />} title={say('title')}>
        <p className="muted">{say(hasPairs ? 'help.pair' : 'help')}</p>
        <Ready of={versions}>
          {() => (
            <Listing<KeyVersion>
              columns={[
                {
                  title: say('version'),
                  dataIndex: 'KeyVersionId',
                  render: (id: string) => <Mono text={id} />,
                },
                ...(hasPairs ? [] : [primary]),
                {
                  title: common('field.created'),
                  dataIndex: 'CreationDate',
                  render: (date: string) => <When date={date} />,
                },
                ...(hasPairs ? [publicKey] : []),
              ]}
              dataSource={[...(versions.data?.KeyVersions.KeyVersion ?? [])]}
              expandable={{
                expandedRowKeys: shown,
                expandedRowRender: ({ KeyVersionId }) => <PublicKey keyId={metadata.KeyId} versionId={KeyVersionId} />,
                showExpandColumn: false,
              }}
              locale={{ emptyText: common('say.none') }}
              pagination={{
                current: page,
                hideOnSinglePage: true,
                onChange: setPage,
                pageSize: PAGE_SIZE,
                total: versions.data?.TotalCount ?? 0,
              }}
              rowKey="KeyVersionId"
            />
          )}
        </Ready>
      </Section>
    </>
  )
}
