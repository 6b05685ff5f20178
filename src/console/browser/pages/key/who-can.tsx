import { useQuery } from '@tanstack/react-query'
import { Select, Table } from 'antd'
import { useState } from 'react'
import { useRegion } from '../../frame/region.ts'
import { Nothing, Ready } from '../../parts/page.tsx'
import { request } from '../../service/call.ts'
import { useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'

const ACTIONS = [
  'kms:Decrypt',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:DescribeKey',
  'kms:DisableKey',
  'kms:ScheduleKeyDeletion',
  'kms:ImportKeyMaterial',
  'kms:DeleteKeyMaterial',
]

interface WhoCanReply {
  readonly Principals?: readonly Readonly<Record<string, unknown>>[]
}

/** Which principals may do what with a resource, and by which statement. */
export function WhoCan({ arn }: { readonly arn: string }) {
  const say = useTexts(keyTexts)
  const region = useRegion()
  const [action, setAction] = useState('kms:Decrypt')
  const who = useQuery<WhoCanReply>({
    queryKey: [region, 'who-can', action, arn],
    queryFn: ({ signal }) => request('POST', 'api/who-can', { Action: action, Resource: arn, Region: region }, signal),
    retry: false,
  })
  return (
    <>
      <div className="filters">
        <Select
          aria-label={say('who.action')}
          onChange={setAction}
          options={ACTIONS.map((value) => ({ value, label: value }))}
          popupMatchSelectWidth={false}
          value={action}
        />
      </div>
      <Ready of={who}>
        {() => (
          <div className="panel">
            <Table
              columns={[
                {
                  title: say('who.principal'),
                  key: 'principal',
                  render: (_, row) => <code className="mono">{String(row['Principal'] ?? row['Name'] ?? '')}</code>,
                },
                {
                  title: say('who.statement'),
                  key: 'by',
                  render: (_, row) => (
                    <code className="mono">{JSON.stringify(row['By'] ?? row['Statement'] ?? '')}</code>
                  ),
                },
              ]}
              dataSource={(who.data?.Principals ?? []).map(
                (row, place): Readonly<Record<string, unknown>> => ({ ...row, place }),
              )}
              locale={{ emptyText: <Nothing text={say('who.none')} /> }}
              pagination={false}
              rowKey="place"
              scroll={{ x: 'max-content' }}
              size="small"
            />
          </div>
        )}
      </Ready>
    </>
  )
}
