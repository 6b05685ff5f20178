import { Button, Table } from 'antd'
import { useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { Do } from '../../parts/allowed.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Copy } from '../../parts/mono.tsx'
import { Nothing, Page, Ready, Section } from '../../parts/page.tsx'
import { Refused } from '../../parts/refused.tsx'
import { Badge } from '../../parts/state.tsx'
import { TabLinks } from '../../parts/tab-links.tsx'
import { When } from '../../parts/when.tsx'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import type { Policy, PolicyVersion } from '../../service/replies.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { PolicyEditor, pretty, useChecked } from './policy-editor.tsx'
import { ramTexts } from './ram.texts.ts'

interface PolicyReply {
  readonly Policy: Policy
  readonly DefaultPolicyVersion: PolicyVersion
}

export default function PolicyPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const navigate = useNavigate()
  const { type = '', name = '', tab = 'document' } = useParams()
  const [deleting, setDeleting] = useState(false)
  const permission = usePermissions(useArns().ram(`policy/${name}`), ['ram:DeletePolicy'])
  const id = { PolicyType: type, PolicyName: name }
  const policy = useReply<PolicyReply>('Ram', 'GetPolicy', id)
  const remove = useChange((_: undefined, region) => call('Ram', 'DeletePolicy', region, { PolicyName: name }))
  const isCustom = type === 'Custom'
  return (
    <Page
      actions={
        isCustom && (
          <Do danger onClick={() => setDeleting(true)} permission={permission('ram:DeletePolicy')}>
            {say('policy.delete')}
          </Do>
        )
      }
      crumbs={[{ label: common('nav.policies'), to: paths.policies }]}
      lead={policy.data?.Policy.Description}
      name={name}
      title={name}
    >
      <Ready of={policy}>
        {() =>
          policy.data && (
            <TabLinks
              at={tab}
              label={name}
              tabs={[
                {
                  key: 'document',
                  label: say('document'),
                  content: () => (
                    <Document isCustom={isCustom} name={name} version={policy.data.DefaultPolicyVersion} />
                  ),
                },
                { key: 'versions', label: say('versions'), content: () => <Versions isCustom={isCustom} of={id} /> },
                { key: 'references', label: say('references'), content: () => <References of={id} /> },
              ]}
              to={(next) => paths.policy(type, name, next)}
            />
          )
        }
      </Ready>
      {deleting && (
        <Confirm
          close={() => setDeleting(false)}
          danger
          retype={name}
          run={async () => {
            await remove.mutateAsync(undefined)
            void navigate(paths.policies)
          }}
          title={say('policy.delete')}
          verb={say('policy.delete')}
        >
          <p>{say('policy.delete.text', { name })}</p>
        </Confirm>
      )}
    </Page>
  )
}

function Document({
  name,
  version,
  isCustom,
}: {
  readonly name: string
  readonly version: PolicyVersion
  readonly isCustom: boolean
}) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const [text, setText] = useState<string | null>(null)
  const permission = usePermissions(useArns().ram(`policy/${name}`), ['ram:CreatePolicyVersion'])
  const checked = useChecked(text ?? version.PolicyDocument, 'identity')
  const save = useChange((PolicyDocument: string, region) =>
    call('Ram', 'CreatePolicyVersion', region, {
      PolicyName: name,
      PolicyDocument,
      SetAsDefault: true,
      RotateStrategy: 'DeleteOldestNonDefaultVersionWhenLimitExceeded',
    }),
  )
  if (text === null)
    return (
      <Section
        actions={
          isCustom && (
            <Do
              onClick={() => setText(pretty(version.PolicyDocument))}
              permission={permission('ram:CreatePolicyVersion')}
            >
              {say('modify')}
            </Do>
          )
        }
        title={`${say('document')} ${version.VersionId}`}
      >
        <div className="command-box">
          <pre className="document">{pretty(version.PolicyDocument)}</pre>
          <Copy label={say('document')} text={version.PolicyDocument} />
        </div>
      </Section>
    )
  return (
    <Section
      actions={
        <>
          <Button onClick={() => setText(null)}>{common('do.cancel')}</Button>
          <Button
            disabled={!checked.isValid || text === pretty(version.PolicyDocument)}
            loading={save.isPending}
            onClick={() => save.mutate(text, { onSuccess: () => setText(null) })}
            type="primary"
          >
            {common('do.save')}
          </Button>
        </>
      }
      title={say('modify')}
    >
      <p className="muted">{say('modify.help')}</p>
      <PolicyEditor checked={checked} label={say('document')} onChange={setText} value={text} />
      <Refused error={save.error} />
    </Section>
  )
}

interface OfPolicy {
  readonly PolicyType: string
  readonly PolicyName: string
}

function Versions({ of, isCustom }: { readonly of: OfPolicy; readonly isCustom: boolean }) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const versions = useReply<{ PolicyVersions: { PolicyVersion: readonly PolicyVersion[] } }>(
    'Ram',
    'ListPolicyVersions',
    { ...of },
  )
  const change = useChange(({ operation, id }: { operation: string; id: string }, region) =>
    call('Ram', operation, region, { PolicyName: of.PolicyName, VersionId: id }),
  )
  return (
    <Section title={say('versions')}>
      <Refused error={change.error} />
      <Ready of={versions}>
        {() => (
          <Table<PolicyVersion>
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
                      <Button
                        onClick={() => change.mutate({ operation: 'SetDefaultPolicyVersion', id })}
                        size="small"
                        type="link"
                      >
                        {say('use.version')}
                      </Button>
                      <Button
                        aria-label={say('delete.version', { id })}
                        danger
                        onClick={() => change.mutate({ operation: 'DeletePolicyVersion', id })}
                        size="small"
                        type="link"
                      >
                        {common('do.delete')}
                      </Button>
                    </span>
                  ),
              },
            ]}
            dataSource={[...(versions.data?.PolicyVersions.PolicyVersion ?? [])]}
            expandable={{
              expandedRowRender: ({ PolicyDocument }) => <pre className="document">{pretty(PolicyDocument)}</pre>,
            }}
            pagination={false}
            rowKey="VersionId"
            scroll={{ x: 'max-content' }}
            size="small"
          />
        )}
      </Ready>
    </Section>
  )
}

interface Entities {
  readonly Users: { readonly User: readonly { readonly UserName: string }[] }
  readonly Groups: { readonly Group: readonly { readonly GroupName: string }[] }
  readonly Roles: { readonly Role: readonly { readonly RoleName: string }[] }
}

function References({ of }: { readonly of: OfPolicy }) {
  const say = useTexts(ramTexts)
  const entities = useReply<Entities>('Ram', 'ListEntitiesForPolicy', { ...of })
  const links = [
    ...(entities.data?.Users.User.map(({ UserName }) => ['user', UserName, paths.user(UserName)] as const) ?? []),
    ...(entities.data?.Groups.Group.map(({ GroupName }) => ['group', GroupName, paths.group(GroupName)] as const) ??
      []),
    ...(entities.data?.Roles.Role.map(({ RoleName }) => ['role', RoleName, paths.role(RoleName)] as const) ?? []),
  ]
  return (
    <Section title={say('references')}>
      <Ready of={entities}>
        {() =>
          links.length > 0 ? (
            <ul className="rows">
              {links.map(([kind, name, to]) => (
                <li key={to}>
                  <span>
                    <code className="mono muted">{kind}/</code>
                    <Link to={to}>{name}</Link>
                  </span>
                </li>
              ))}
            </ul>
          ) : (
            <Nothing text={say('references.none')} />
          )
        }
      </Ready>
    </Section>
  )
}
