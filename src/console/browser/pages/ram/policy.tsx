import { useParams } from 'react-router'
import { Page, Ready } from '../../parts/page.tsx'
import { TabLinks } from '../../parts/tab-links.tsx'
import { paths } from '../../service/paths.ts'
import { useReply } from '../../service/queries.ts'
import type { Policy, PolicyVersion } from '../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { useDeletion } from './deletion.tsx'
import { PolicyDocument } from './policy/document.tsx'
import { PolicyReferences } from './policy/references.tsx'
import { PolicyVersions } from './policy/versions.tsx'
import { usePolicyDescription } from './policy-description.ts'
import { ramTexts } from './ram.texts.ts'

interface PolicyReply {
  readonly Policy: Policy
  readonly DefaultPolicyVersion: PolicyVersion
}

export default function PolicyPage() {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const { type = '', name = '', tab = 'document' } = useParams()
  const deletion = useDeletion('Policy', name, paths.policies)
  const id = { PolicyType: type, PolicyName: name }
  const policy = useReply<PolicyReply>('Ram', 'GetPolicy', id)
  const descriptionOf = usePolicyDescription()
  const isCustom = type === 'Custom'
  return (
    <Page
      actions={isCustom && deletion.button}
      crumbs={[{ label: common('nav.policies'), to: paths.policies }]}
      lead={policy.data && descriptionOf(policy.data.Policy)}
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
                    <PolicyDocument isCustom={isCustom} name={name} version={policy.data.DefaultPolicyVersion} />
                  ),
                },
                {
                  key: 'versions',
                  label: say('versions'),
                  content: () => <PolicyVersions isCustom={isCustom} of={id} />,
                },
                { key: 'references', label: say('references'), content: () => <PolicyReferences of={id} /> },
              ]}
              to={(next) => paths.policy(type, name, next)}
            />
          )
        }
      </Ready>
      {deletion.dialog}
    </Page>
  )
}
