import { Table } from 'antd'
import { useState } from 'react'
import { Do } from '../../parts/allowed.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { Mono } from '../../parts/mono.tsx'
import { Facts, Ready, Section } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { Badge } from '../../parts/state.tsx'
import { When } from '../../parts/when.tsx'
import { call } from '../../service/call.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import type { KeyMetadata, KeyVersions } from '../../service/replies.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'
import { useWhyUnchangeable } from './service-key.ts'

const PAGE_SIZE = 20
/** What is offered where nothing is set yet. */
const USUAL_DAYS = 365

interface Rotation {
  readonly EnableAutomaticRotation: boolean
  /** In days. */
  readonly RotationInterval: number
}

/** An interval as the service prints it, in seconds, as days. */
function daysOf(interval: string | undefined): number | undefined {
  return interval === undefined ? undefined : Math.round(Number.parseInt(interval, 10) / 86_400)
}

export function Versions({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(keyTexts)
  const common = useCommon()
  const [page, setPage] = useState(1)
  const [open, setOpen] = useState(false)
  const versions = useReply<KeyVersions>('Kms', 'ListKeyVersions', {
    KeyId: metadata.KeyId,
    PageNumber: page,
    PageSize: PAGE_SIZE,
  })
  const days = daysOf(metadata.RotationInterval)
  const action = 'kms:UpdateRotationPolicy'
  const permission = usePermissions(metadata.Arn, [action])
  const change = useChange(({ EnableAutomaticRotation, RotationInterval }: Rotation, region) =>
    call('Kms', 'UpdateRotationPolicy', region, {
      KeyId: metadata.KeyId,
      EnableAutomaticRotation,
      RotationInterval: EnableAutomaticRotation ? `${RotationInterval}d` : undefined,
    }),
  )
  const unchangeable = useWhyUnchangeable(metadata)
  const because =
    unchangeable ||
    (metadata.Origin === 'EXTERNAL' && say('rotation.external')) ||
    (metadata.KeyState !== 'Enabled' && say('rotation.disabled'))
  return (
    <>
      <Section
        actions={
          <Do because={because} onClick={() => setOpen(true)} permission={permission(action)} size="small">
            {say('rotation.edit')}
          </Do>
        }
        title={say('rotation')}
      >
        <Facts
          of={[
            [say('rotation'), common(`rotation.${metadata.AutomaticRotation}`)],
            [say('interval'), days === undefined ? undefined : say('interval.days', { count: days })],
            [say('last'), metadata.LastRotationDate ? <When date={metadata.LastRotationDate} key="last" /> : undefined],
            [say('next'), metadata.NextRotationDate ? <When date={metadata.NextRotationDate} key="next" /> : undefined],
          ]}
        />
      </Section>
      <p className="muted">{say('versions.help')}</p>
      <Ready of={versions}>
        {() => (
          <div className="panel">
            <Table
              columns={[
                {
                  title: say('version'),
                  dataIndex: 'KeyVersionId',
                  render: (id: string) => <Mono text={id} />,
                },
                {
                  title: common('field.state'),
                  key: 'primary',
                  render: (_, { KeyVersionId }) =>
                    KeyVersionId === metadata.PrimaryKeyVersion ? (
                      <Badge tone="good">{say('primary')}</Badge>
                    ) : (
                      <Badge tone="idle">{say('other')}</Badge>
                    ),
                },
                {
                  title: common('field.created'),
                  dataIndex: 'CreationDate',
                  render: (date: string) => <When date={date} />,
                },
              ]}
              dataSource={[...(versions.data?.KeyVersions.KeyVersion ?? [])]}
              locale={{ emptyText: common('say.none') }}
              pagination={{
                current: page,
                hideOnSinglePage: true,
                onChange: setPage,
                pageSize: PAGE_SIZE,
                total: versions.data?.TotalCount ?? 0,
              }}
              rowKey="KeyVersionId"
              scroll={{ x: 'max-content' }}
              size="small"
            />
          </div>
        )}
      </Ready>
      {open && (
        <FormDialog<Rotation>
          close={() => setOpen(false)}
          initial={{
            EnableAutomaticRotation: metadata.AutomaticRotation === 'Enabled',
            RotationInterval: days ?? USUAL_DAYS,
          }}
          of="Kms.UpdateRotationPolicy"
          run={(values) => change.mutateAsync(values)}
          title={say('rotation.edit')}
          verb={common('do.save')}
        >
          <ParameterField label={say('rotation.on')} name="EnableAutomaticRotation" />
          <ParameterField
            label={({ Min: min = 0, Max: max = 0 }) => say('rotation.days', { min, max })}
            name="RotationInterval"
            needed
          />
        </FormDialog>
      )}
    </>
  )
}
