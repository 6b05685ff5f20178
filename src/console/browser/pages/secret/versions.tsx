import { AutoComplete, Input, Select } from 'antd'
import { useState } from 'react'
import { Do } from '../../parts/allowed.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { PlusIcon } from '../../parts/icons.tsx'
import { Listing } from '../../parts/listing.tsx'
import { Ready, Section } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { When } from '../../parts/when.tsx'
import { call } from '../../service/call.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import type { SecretMetadata, SecretVersion, SecretVersions as Versions } from '../../service/replies/secrets.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { secretTexts } from '../secret.texts.ts'
import { isCustom, Stages } from './stages.tsx'
import { ValueOf } from './value.tsx'

/** A page size that covers all versions of a secret. */
const ALL = 100
const ACTIONS = ['kms:GetSecretValue', 'kms:PutSecretValue', 'kms:UpdateSecretVersionStage']

interface Put {
  readonly VersionId: string
  readonly SecretData: string
  readonly VersionStages?: string
}

interface Move {
  readonly VersionStage: string
  readonly MoveToVersion: string
}

/** A stage to remove, with its version. */
interface Removal {
  readonly VersionStage: string
  readonly RemoveFromVersion: string
}

/** The versions of a secret with their stages. A value is shown only on request. */
export function SecretVersions({
  metadata: { Arn, SecretName, SecretType, PlannedDeleteTime },
}: {
  readonly metadata: SecretMetadata
}) {
  const say = useTexts(secretTexts)
  const common = useCommon()
  const [dialog, setDialog] = useState<'put' | 'move' | Removal | null>(null)
  const permission = usePermissions(Arn, ACTIONS)
  const versions = useReply<Versions>('Kms', 'ListSecretVersionIds', {
    SecretName,
    IncludeDeprecated: true,
    PageSize: ALL,
  })
  const put = useChange(({ VersionStages: stage, ...values }: Put, region) =>
    call('Kms', 'PutSecretValue', region, {
      SecretName,
      ...values,
      VersionStages: stage ? JSON.stringify([stage]) : undefined,
    }),
  )
  const move = useChange((values: Move | Removal, region) =>
    call('Kms', 'UpdateSecretVersionStage', region, { SecretName, ...values }),
  )
  const rows = (versions.data?.VersionIds.VersionId ?? []).toReversed()
  const isDeleted = PlannedDeleteTime !== undefined && say('is.deleted')
  const because = isDeleted || (SecretType !== 'Generic' && say('is.rotated'))
  const known = [...new Set(rows.flatMap(({ VersionStages }) => VersionStages.VersionStage))]
  const movable = ['ACSCurrent', ...known.filter(isCustom)]
  const close = () => setDialog(null)
  return (
    <Section
      actions={
        <>
          <Do
            because={because}
            onClick={() => setDialog('move')}
            permission={permission('kms:UpdateSecretVersionStage')}
            size="small"
          >
            {say('move')}
          </Do>
          <Do
            because={because}
            icon={<PlusIcon />}
            onClick={() => setDialog('put')}
            permission={permission('kms:PutSecretValue')}
            size="small"
          >
            {say('put')}
          </Do>
        </>
      }
      title={say('versions')}
    >
      <p className="muted">{say('versions.help')}</p>
      <Ready of={versions}>
        {() => (
          <div className="panel">
            <Listing<SecretVersion>
              columns={[
                {
                  title: say('version'),
                  dataIndex: 'VersionId',
                  render: (id: string) => <code className="mono">{id}</code>,
                },
                {
                  title: say('stages'),
                  key: 'stages',
                  render: (_, { VersionId, VersionStages }) => (
                    <Stages
                      because={because}
                      permission={permission('kms:UpdateSecretVersionStage')}
                      remove={(VersionStage) => setDialog({ VersionStage, RemoveFromVersion: VersionId })}
                      stages={VersionStages.VersionStage}
                    />
                  ),
                },
                {
                  title: common('field.created'),
                  dataIndex: 'CreateTime',
                  render: (date: string) => <When date={date} />,
                },
                {
                  title: say('value'),
                  key: 'value',
                  render: (_, { VersionId }) => (
                    <ValueOf
                      because={isDeleted}
                      permission={permission('kms:GetSecretValue')}
                      secretName={SecretName}
                      versionId={VersionId}
                    />
                  ),
                },
              ]}
              dataSource={rows}
              locale={{ emptyText: common('say.none') }}
              rowKey="VersionId"
            />
          </div>
        )}
      </Ready>
      {dialog === 'put' && (
        <FormDialog<Put>
          close={close}
          of="Kms.PutSecretValue"
          run={(values) => put.mutateAsync(values)}
          title={say('put')}
          verb={common('do.ok')}
        >
          <ParameterField label={say('version')} name="VersionId">
            <Input autoComplete="off" />
          </ParameterField>
          <ParameterField
            extra={({ MaxBytes: bytes = 0 }) => say('put.help', { bytes })}
            label={say('put.data')}
            name="SecretData"
          >
            <Input.TextArea autoComplete="off" className="mono" rows={4} spellCheck={false} />
          </ParameterField>
          <ParameterField extra={say('put.stage.help')} label={say('move.stage')} name="VersionStages">
            <AutoComplete options={movable.map((value) => ({ value }))} placeholder="ACSCurrent" />
          </ParameterField>
        </FormDialog>
      )}
      {dialog === 'move' && (
        <FormDialog<Move>
          close={close}
          initial={{ VersionStage: 'ACSCurrent' }}
          of="Kms.UpdateSecretVersionStage"
          run={(values) => move.mutateAsync(values)}
          title={say('move')}
          verb={common('do.ok')}
        >
          <ParameterField extra={say('move.help')} label={say('move.stage')} name="VersionStage">
            <AutoComplete options={movable.map((value) => ({ value }))} />
          </ParameterField>
          <ParameterField label={say('move.to')} name="MoveToVersion" needed>
            <Select options={rows.map(({ VersionId }) => ({ value: VersionId, label: VersionId }))} />
          </ParameterField>
        </FormDialog>
      )}
      {typeof dialog === 'object' && dialog !== null && (
        <Confirm
          close={close}
          danger
          run={() => move.mutateAsync(dialog)}
          title={say('stage.remove', { stage: dialog.VersionStage })}
          verb={say('stage.remove.verb')}
        >
          <p>{say('stage.remove.text', { stage: dialog.VersionStage, version: dialog.RemoveFromVersion })}</p>
        </Confirm>
      )}
    </Section>
  )
}
