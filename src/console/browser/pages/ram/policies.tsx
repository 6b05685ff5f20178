import { Select } from 'antd'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { Do } from '../../parts/allowed.tsx'
import { PlusIcon } from '../../parts/icons.tsx'
import { Page } from '../../parts/page.tsx'
import { useArns } from '../../service/arns.ts'
import { paths } from '../../service/paths.ts'
import { useMay } from '../../service/queries.ts'
import type { Paged, Policy } from '../../service/replies.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { MarkedList } from './marked-list.tsx'
import { ramTexts } from './ram.texts.ts'

export default function PoliciesPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const arns = useArns()
  const navigate = useNavigate()
  const [search, setSearch] = useSearchParams()
  const type = search.get('type') ?? ''
  const action = 'ram:CreatePolicy'
  const resource = arns.ram('policy/*')
  const may = useMay([{ Action: action, Resource: resource }])
  const button = (
    <Do
      icon={<PlusIcon />}
      onClick={() => void navigate(paths.newPolicy)}
      permission={{ answer: may(action, resource), action, resource }}
      type="primary"
    >
      {say('policy.create')}
    </Do>
  )
  return (
    <Page actions={button} lead={say('policies.lead')} name={common('nav.policies')} title={common('nav.policies')}>
      <div className="filters">
        <Select
          aria-label={say('choose.type')}
          onChange={(value) => setSearch(value ? { type: value } : {}, { replace: true })}
          options={[
            { value: '', label: `${say('type')}: ${say('all')}` },
            ...(['Custom', 'System'] as const).map((value) => ({ value, label: say(`type.${value}`) })),
          ]}
          popupMatchSelectWidth={false}
          value={type}
        />
      </div>
      <MarkedList<Policy, Paged & { Policies: { Policy: Policy[] } }>
        columns={[
          {
            title: say('policy.name'),
            key: 'name',
            render: (_, { PolicyName, PolicyType }) => (
              <Link to={paths.policy(PolicyType, PolicyName)}>{PolicyName}</Link>
            ),
          },
          {
            title: say('type'),
            dataIndex: 'PolicyType',
            render: (value: Policy['PolicyType']) => say(`type.${value}`),
          },
          { title: common('field.description'), dataIndex: 'Description' },
          { title: say('attached'), dataIndex: 'AttachmentCount' },
        ]}
        none={say('policies.none')}
        operation="ListPolicies"
        parameters={{ PolicyType: type || undefined }}
        rowKey={({ PolicyName, PolicyType }) => `${PolicyType}/${PolicyName}`}
        rows={({ Policies }) => Policies.Policy}
      />
    </Page>
  )
}
