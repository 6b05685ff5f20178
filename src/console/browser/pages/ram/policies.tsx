import { Select } from 'antd'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { Page } from '../../parts/page.tsx'
import { paths } from '../../service/paths.ts'
import type { Paged, Policy } from '../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { useCreation } from './creation.tsx'
import { MarkedList } from './marked-list.tsx'
import { usePolicyDescription } from './policy-description.ts'
import { ramTexts } from './ram.texts.ts'

export default function PoliciesPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const descriptionOf = usePolicyDescription()
  const navigate = useNavigate()
  const [search, setSearch] = useSearchParams()
  const type = search.get('type') ?? ''
  const creation = useCreation('Policy', () => void navigate(paths.newPolicy))
  return (
    <Page
      actions={creation.button}
      lead={say('policies.lead')}
      name={common('nav.policies')}
      title={common('nav.policies')}
    >
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
          {
            title: common('field.description'),
            key: 'description',
            render: (_, policy) => <span className="words">{descriptionOf(policy)}</span>,
          },
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
