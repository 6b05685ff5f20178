import { useQueries } from '@tanstack/react-query'
import { Alert, Button, Modal } from 'antd'
import { useState } from 'react'
import { useRegion } from '../../frame/region.ts'
import { Do } from '../../parts/allowed.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Listing } from '../../parts/listing.tsx'
import { Mono } from '../../parts/mono.tsx'
import { Facts, Nothing, Ready, Section } from '../../parts/page.tsx'
import { Refused } from '../../parts/refused.tsx'
import { useReturnedFocus } from '../../parts/return-focus.ts'
import { Badge } from '../../parts/state.tsx'
import { When } from '../../parts/when.tsx'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { download } from '../../service/download.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import type { AccessKey } from '../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { ramTexts } from './ram.texts.ts'

const AT_MOST = 2

export function AccessKeys({ userName }: { readonly userName: string }) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const region = useRegion()
  const arns = useArns()
  const [made, setMade] = useState<AccessKey | null>(null)
  const [deleted, setDeleted] = useState<string | null>(null)
  const keys = useReply<{ AccessKeys: { AccessKey: readonly AccessKey[] } }>('Ram', 'ListAccessKeys', {
    UserName: userName,
  })
  const rows = keys.data?.AccessKeys.AccessKey ?? []
  const used = useQueries({
    queries: rows.map(({ AccessKeyId }) => ({
      queryKey: [region, 'last-used', AccessKeyId],
      queryFn: () =>
        call<{ AccessKeyLastUsed: { LastUsedDate: string } }>('Ram', 'GetAccessKeyLastUsed', region, {
          UserName: userName,
          UserAccessKeyId: AccessKeyId,
        }),
    })),
  })
  const action = 'ram:CreateAccessKey'
  const resource = arns.ram(`user/${userName}`)
  const permission = usePermissions(resource, [action, 'ram:UpdateAccessKey', 'ram:DeleteAccessKey'])
  const create = useChange((_: undefined, where) =>
    call<{ AccessKey: AccessKey }>('Ram', 'CreateAccessKey', where, { UserName: userName }),
  )
  const update = useChange(({ id, Status }: { id: string; Status: string }, where) =>
    call('Ram', 'UpdateAccessKey', where, { UserName: userName, UserAccessKeyId: id, Status }),
  )
  const remove = useChange((id: string, where) =>
    call('Ram', 'DeleteAccessKey', where, { UserName: userName, UserAccessKeyId: id }),
  )
  return (
    <Section
      actions={
        <Do
          because={rows.length >= AT_MOST && say('key.limit')}
          loading={create.isPending}
          onClick={() => create.mutate(undefined, { onSuccess: ({ AccessKey }) => setMade(AccessKey) })}
          permission={permission(action)}
          size="small"
        >
          {say('key.create')}
        </Do>
      }
      title={say('accesskeys')}
    >
      <Refused error={create.error ?? update.error} />
      <Ready of={keys}>
        {() => (
          <Listing<AccessKey>
            columns={[
              { title: say('key.id'), dataIndex: 'AccessKeyId', render: (id: string) => <Mono text={id} /> },
              {
                title: common('field.state'),
                dataIndex: 'Status',
                render: (status: AccessKey['Status']) => (
                  <Badge tone={status === 'Active' ? 'good' : 'idle'}>{say(`key.${status}`)}</Badge>
                ),
              },
              {
                title: say('key.used'),
                key: 'used',
                render: (_, __, place) => <When date={used[place]?.data?.AccessKeyLastUsed.LastUsedDate} />,
              },
              {
                title: common('field.created'),
                dataIndex: 'CreateDate',
                render: (date: string) => <When date={date} />,
              },
              {
                title: common('do.actions'),
                key: 'actions',
                render: (_, { AccessKeyId: id, Status }) => (
                  <span className="row-actions">
                    <Do
                      permission={permission('ram:UpdateAccessKey')}
                      onClick={() => update.mutate({ id, Status: Status === 'Active' ? 'Inactive' : 'Active' })}
                      size="small"
                      type="link"
                    >
                      {common(Status === 'Active' ? 'do.disable' : 'do.enable')}
                    </Do>
                    <Do
                      danger
                      onClick={() => setDeleted(id)}
                      permission={permission('ram:DeleteAccessKey')}
                      size="small"
                      type="link"
                    >
                      {common('do.delete')}
                    </Do>
                  </span>
                ),
              },
            ]}
            dataSource={[...rows]}
            locale={{ emptyText: <Nothing text={say('key.none')} /> }}
            rowKey="AccessKeyId"
          />
        )}
      </Ready>
      {made && <ShownOnce accessKey={made} close={() => setMade(null)} />}
      {deleted && (
        <Confirm
          close={() => setDeleted(null)}
          danger
          retype={deleted.slice(-4)}
          run={() => remove.mutateAsync(deleted)}
          title={say('key.delete')}
          verb={say('key.delete')}
        >
          <p>{say('key.delete.text', { id: deleted })}</p>
        </Confirm>
      )}
    </Section>
  )
}

function ShownOnce({ accessKey, close }: { readonly accessKey: AccessKey; readonly close: () => void }) {
  useReturnedFocus()
  const say = useTexts(ramTexts)
  const common = useCommon()
  const { AccessKeyId: id, AccessKeySecret: secret = '' } = accessKey
  const csv = `AccessKey ID,AccessKey Secret\n${id},${secret}\n`
  return (
    <Modal
      closable={false}
      footer={[
        <Button key="csv" onClick={() => download(`AccessKey-${id}.csv`, csv)}>
          {say('key.csv')}
        </Button>,
        <Button key="close" onClick={close} type="primary">
          {common('do.close')}
        </Button>,
      ]}
      keyboard={false}
      mask={{ closable: false }}
      open
      title={say('key.once.title')}
    >
      <Alert showIcon title={say('key.once.text')} type="warning" />
      <Facts
        of={[
          [say('key.id'), <Mono key="id" label={say('key.id')} text={id} />],
          [say('key.secret'), <Mono key="secret" label={say('key.secret')} text={secret} />],
        ]}
      />
    </Modal>
  )
}
