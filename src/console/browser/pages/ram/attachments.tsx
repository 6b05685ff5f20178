import { Form, Select } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { Do } from '../../parts/allowed.tsx'
import { FormDialog } from '../../parts/form-dialog.tsx'
import { DeleteIcon } from '../../parts/icons.tsx'
import { Nothing, Ready, Section } from '../../parts/page.tsx'
import { Refused } from '../../parts/refused.tsx'
import { useArns } from '../../service/arns.ts'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import { type Group, MOST_LISTED, type Policy } from '../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import type { Kind } from './kind.ts'
import { usePolicyDescription } from './policy-description.ts'
import { ramTexts } from './ram.texts.ts'

interface Policies {
  readonly Policies: { readonly Policy: readonly Policy[] }
}

/** The policies of a principal; for a user, also those of its groups. */
export function Attachments({ kind, name }: { readonly kind: Exclude<Kind, 'Policy'>; readonly name: string }) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const arns = useArns()
  const [open, setOpen] = useState(false)
  const own = { [`${kind}Name`]: name }
  const attached = useReply<Policies>('Ram', `ListPoliciesFor${kind}`, own)
  const all = useReply<Policies>('Ram', 'ListPolicies', { MaxItems: MOST_LISTED }, open)
  const action = `ram:AttachPolicyTo${kind}`
  const resource = arns.ram(`${kind.toLowerCase()}/${name}`)
  const permission = usePermissions(resource, [action, `ram:DetachPolicyFrom${kind}`])
  const attach = useChange(async (chosen: readonly string[], region) => {
    for (const one of chosen) {
      const [PolicyType = '', PolicyName = ''] = one.split('/')
      await call('Ram', `AttachPolicyTo${kind}`, region, { PolicyType, PolicyName, ...own })
    }
  })
  const detach = useChange(({ PolicyType, PolicyName }: Policy, region) =>
    call('Ram', `DetachPolicyFrom${kind}`, region, { PolicyType, PolicyName, ...own }),
  )
  return (
    <Section
      actions={
        <Do onClick={() => setOpen(true)} permission={permission(action)} size="small">
          {say('add.permissions')}
        </Do>
      }
      title={say('permissions')}
    >
      <Refused error={detach.error} />
      <Ready of={attached}>
        {() =>
          attached.data?.Policies.Policy.length ? (
            <ul className="rows">
              {attached.data.Policies.Policy.map((policy) => (
                <li key={`${policy.PolicyType}/${policy.PolicyName}`}>
                  <PolicyLine policy={policy} />
                  <Do
                    aria-label={say('detach', { name: policy.PolicyName })}
                    icon={<DeleteIcon />}
                    onClick={() => detach.mutate(policy)}
                    permission={permission(`ram:DetachPolicyFrom${kind}`)}
                    size="small"
                    type="text"
                  />
                </li>
              ))}
            </ul>
          ) : (
            <Nothing text={say('policies.of.none')} />
          )
        }
      </Ready>
      {kind === 'User' && <Inherited userName={name} />}
      {open && (
        <FormDialog<{ chosen: readonly string[] }>
          close={() => setOpen(false)}
          of={`Ram.AttachPolicyTo${kind}`}
          run={({ chosen }) => attach.mutateAsync(chosen)}
          title={say('add.permissions')}
          verb={common('do.ok')}
        >
          {/* The field holds several policies; each is attached by a separate call. */}
          <Form.Item
            extra={say('policies.choose')}
            label={common('nav.policies')}
            name="chosen"
            rules={[{ required: true, message: common('field.required') }]}
          >
            <Select
              loading={all.isPending}
              mode="multiple"
              options={(all.data?.Policies.Policy ?? []).map(({ PolicyType, PolicyName }) => ({
                value: `${PolicyType}/${PolicyName}`,
                label: `${PolicyName} (${say(`type.${PolicyType}`)})`,
              }))}
            />
          </Form.Item>
        </FormDialog>
      )}
    </Section>
  )
}

function PolicyLine({ policy, from }: { readonly policy: Policy; readonly from?: string }) {
  const say = useTexts(ramTexts)
  const descriptionOf = usePolicyDescription()
  return (
    <span>
      <Link to={paths.policy(policy.PolicyType, policy.PolicyName)}>{policy.PolicyName}</Link>{' '}
      <span className="muted">
        {say(`type.${policy.PolicyType}`)}
        {from && `, ${say('inherited.from', { name: from })}`}
        {policy.Description && ' · '}
        <span>{descriptionOf(policy)}</span>
      </span>
    </span>
  )
}

function Inherited({ userName }: { readonly userName: string }) {
  const groups = useReply<{ Groups: { Group: readonly Group[] } }>('Ram', 'ListGroupsForUser', { UserName: userName })
  return groups.data?.Groups.Group.map(({ GroupName }) => <OfGroup group={GroupName} key={GroupName} />)
}

function OfGroup({ group }: { readonly group: string }) {
  const policies = useReply<Policies>('Ram', 'ListPoliciesForGroup', { GroupName: group })
  return (
    <ul className="rows">
      {policies.data?.Policies.Policy.map((policy) => (
        <li key={policy.PolicyName}>
          <PolicyLine from={group} policy={policy} />
        </li>
      ))}
    </ul>
  )
}
