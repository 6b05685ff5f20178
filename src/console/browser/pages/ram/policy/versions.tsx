import { Do } from '../../../parts/allowed.tsx'
import { Listing } from '../../../parts/listing.tsx'
import { Ready, Section } from '../../../parts/page.tsx'
import { Refused } from '../../../parts/refused.tsx'
import { Badge } from '../../../parts/state.tsx'
import { When } from '../../../parts/when.tsx'
import { useArns } from '../../../service/arns.ts'
import { call } from '../../../service/call.ts'
import { usePermissions } from '../../../service/permissions.ts'
import { useChange, useReply } from '../../../service/queries.ts'
import type { PolicyVersion } from '../../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../../texts/language.tsx'
import { pretty } from '../policy-editor.tsx'
import { ramTexts } from '../ram.texts.ts'

interface Props {
  readonly of: { readonly PolicyType: string; readonly PolicyName: string }
  readonly isCustom: boolean
}

/** The versions of a policy. For a custom policy, the default can be changed and other versions deleted. */
export function PolicyVersions({ of, isCustom }: Props) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const versions = useReply<{ PolicyVersions: { PolicyVersion: readonly PolicyVersion[] } }>(
    'Ram',
    'ListPolicyVersions',
    { ...of },
  )
  const permission = usePermissions(useArns().ram(`policy/${of.PolicyName}`), [
    'ram:SetDefaultPolicyVersion',
    'ram:DeletePolicyVersion',
  ])
  const change = useChange(({ operation, id }: { operation: string; id: string }, region) =>
    call('Ram', operation, region, { PolicyName: of.PolicyName, VersionId: id }),
  )
  return (
    <Section title={say('versions')}>
      <Refused error={change.error} />
      <Ready of={versions}>
        {() => (
          <Listing<PolicyVersion>
            columns={[
              { title: say('version'), dataIndex: 'VersionId' },
              {
                title: common('field.state'),
                dataIndex: 'IsDefaultVersion',
                render: (is: boolean) => is && <Badge tone="good">{say('default')}</Badge>,
              },
              {
                title: common('field.created'),
                dataIndex: 'CreateDate',
                render: (date: string) => <When date={date} />,
              },
              {
                title: common('do.actions'),
                key: 'actions',
                render: (_, { VersionId: id, IsDefaultVersion }) =>
                  isCustom &&
                  !IsDefaultVersion && (
                    <span className="row-actions">
                      <Do
                        onClick={() => change.mutate({ operation: 'SetDefaultPolicyVersion', id })}
                        permission={permission('ram:SetDefaultPolicyVersion')}
                        size="small"
                        type="link"
                      >
                        {say('use.version')}
                      </Do>
                      <Do
                        aria-label={say('delete.version', { id })}
                        danger
                        onClick={() => change.mutate({ operation: 'DeletePolicyVersion', id })}
                        permission={permission('ram:DeletePolicyVersion')}
                        size="small"
                        type="link"
                      >
                        {common('do.delete')}
                      </Do>
                    </span>
                  ),
              },
            ]}
            dataSource={[...(versions.data?.PolicyVersions.PolicyVersion ?? [])]}
            expandable={{
              expandedRowRender: ({ PolicyDocument }) => <pre className="document">{pretty(PolicyDocument)}</pre>,
            }}
            rowKey="VersionId"
          />
        )}
      </Ready>
    </Section>
  )
}
