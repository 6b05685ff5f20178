import { Alert, Steps } from 'antd'
import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Page, Ready } from '../parts/page.tsx'
import { paths } from '../service/paths.ts'
import { useReply } from '../service/queries.ts'
import type { KeyMetadata } from '../service/replies/keys.ts'
import { useCommon, useTexts } from '../texts/language.tsx'
import type { Choice } from './import-material/choice.ts'
import { Way } from './import-material/way.tsx'
import { Wrap } from './import-material/wrap.tsx'
import { importTexts } from './import-material.texts.ts'
import { useKeyName } from './key/key-name.ts'

export default function ImportMaterialPage() {
  const say = useTexts(importTexts)
  const common = useCommon()
  const region = useRegion()
  const { keyId = '' } = useParams()
  const [choice, setChoice] = useState<Choice | null>(null)
  const [done, setDone] = useState(false)
  const { name } = useKeyName(keyId)
  const key = useReply<{ KeyMetadata: KeyMetadata }>('Kms', 'DescribeKey', { KeyId: keyId })
  return (
    <Page
      crumbs={[
        { label: common('nav.keys'), to: paths.keys(region) },
        { label: name, to: paths.key(region, keyId, 'material') },
      ]}
      lead={say('lead')}
      name={say('title')}
      title={say('title')}
    >
      <Ready of={key}>
        {() => (
          <div className="form-page">
            <Steps
              current={done ? 2 : choice ? 1 : 0}
              items={[{ title: say('step.way') }, { title: say('step.wrap') }, { title: say('step.import') }]}
              size="small"
            />
            {done ? (
              <Alert
                action={<Link to={paths.key(region, keyId)}>{say('open.key')}</Link>}
                role="status"
                showIcon
                title={say('done')}
                type="success"
              />
            ) : choice === null ? (
              <Way arn={key.data?.KeyMetadata.Arn ?? ''} next={setChoice} />
            ) : (
              <Wrap back={() => setChoice(null)} choice={choice} done={() => setDone(true)} keyId={keyId} />
            )}
          </div>
        )}
      </Ready>
    </Page>
  )
}
