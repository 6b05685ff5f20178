import { Input } from 'antd'
import { useState } from 'react'
import { Do } from '../parts/allowed.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { FormDialog } from '../parts/form-dialog.tsx'
import { PlusIcon } from '../parts/icons.tsx'
import { Facts, Nothing, Page, Ready, Section } from '../parts/page.tsx'
import { ParameterField } from '../parts/parameter-field.tsx'
import { Refused } from '../parts/refused.tsx'
import { Badge } from '../parts/state.tsx'
import { When } from '../parts/when.tsx'
import { call } from '../service/call.ts'
import { usePermissions } from '../service/permissions.ts'
import { useChange, useMay, useReply } from '../service/queries.ts'
import type { Trail, TrailStatus } from '../service/replies/trail.ts'
import { useCommon, useTexts } from '../texts/language.tsx'
import { VerificationSection } from './trails/verification.tsx'
import { trailTexts } from './trails.texts.ts'

export default function TrailsPage() {
  const say = useTexts(trailTexts)
  const common = useCommon()
  const [open, setOpen] = useState(false)
  const trails = useReply<{ TrailList: readonly Trail[] }>('Actiontrail', 'DescribeTrails')
  const create = useChange((trail: Trail, region) => call('Actiontrail', 'CreateTrail', region, { ...trail }))
  const action = 'actiontrail:CreateTrail'
  const may = useMay([{ Action: action, Resource: '*' }])
  const button = (
    <Do
      icon={<PlusIcon />}
      onClick={() => setOpen(true)}
      permission={{ answer: may(action, '*'), action, resource: '*' }}
      type="primary"
    >
      {say('create')}
    </Do>
  )
  return (
    <Page actions={button} lead={say('lead')} name={common('nav.trails')} title={common('nav.trails')}>
      <Ready of={trails}>
        {() =>
          trails.data?.TrailList.length ? (
            trails.data.TrailList.map((trail) => <TrailSection key={trail.Name} trail={trail} />)
          ) : (
            <Nothing text={say('none')} />
          )
        }
      </Ready>
      <VerificationSection />
      {open && (
        <FormDialog<Trail>
          close={() => setOpen(false)}
          of="Actiontrail.CreateTrail"
          run={(values) => create.mutateAsync(values)}
          title={say('create')}
          verb={common('do.ok')}
        >
          <ParameterField label={say('name')} name="Name">
            <Input />
          </ParameterField>
          {/* The operation takes a bucket or a Log Service project, but events are delivered only to buckets. */}
          <ParameterField label={say('bucket')} name="OssBucketName" needed />
          <ParameterField label={say('prefix')} name="OssKeyPrefix" />
          <ParameterField
            label={say('events')}
            labelOf={(choice) => say(`rw.${choice as Trail['EventRW']}`)}
            name="EventRW"
          />
        </FormDialog>
      )}
    </Page>
  )
}

function TrailSection({ trail }: { readonly trail: Trail }) {
  const say = useTexts(trailTexts)
  const common = useCommon()
  const [deleting, setDeleting] = useState(false)
  const permission = usePermissions('*', [
    'actiontrail:StopLogging',
    'actiontrail:StartLogging',
    'actiontrail:DeleteTrail',
  ])
  const status = useReply<TrailStatus>('Actiontrail', 'GetTrailStatus', { Name: trail.Name })
  const change = useChange((operation: string, region) => call('Actiontrail', operation, region, { Name: trail.Name }))
  const isOn = status.data?.IsLogging === true
  const fails = status.data?.OssBucketStatus === false
  return (
    <Section
      actions={
        <>
          <Do
            loading={change.isPending || status.isPending}
            onClick={() => change.mutate(isOn ? 'StopLogging' : 'StartLogging')}
            permission={permission(isOn ? 'actiontrail:StopLogging' : 'actiontrail:StartLogging')}
            size="small"
          >
            {say(isOn ? 'stop' : 'start')}
          </Do>
          <Do danger onClick={() => setDeleting(true)} permission={permission('actiontrail:DeleteTrail')} size="small">
            {common('do.delete')}
          </Do>
        </>
      }
      title={trail.Name}
    >
      <Refused error={change.error} />
      <Facts
        of={[
          [
            say('state'),
            status.data && (
              <Badge key="state" tone={fails ? 'bad' : isOn ? 'good' : 'idle'}>
                {say(fails ? 'fails' : isOn ? 'on' : 'off')}
              </Badge>
            ),
          ],
          [
            say('bucket'),
            <code className="mono" key="bucket">
              {[trail.OssBucketName, trail.OssKeyPrefix].filter(Boolean).join('/')}
            </code>,
          ],
          [say('events'), say(`rw.${trail.EventRW}`)],
          [say('last'), <When date={status.data?.LatestDeliveryTime} key="last" />],
          [say('error'), status.data?.LatestDeliveryError || undefined],
        ]}
      />
      {deleting && (
        <Confirm
          close={() => setDeleting(false)}
          danger
          run={() => change.mutateAsync('DeleteTrail')}
          title={say('delete.title')}
          verb={common('do.delete')}
        >
          <p>{say('delete.text', { name: trail.Name })}</p>
        </Confirm>
      )}
    </Section>
  )
}
