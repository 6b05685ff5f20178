import { useState } from 'react'
import { useNavigate } from 'react-router'
import { useRegion } from '../../frame/region.ts'
import { Do } from '../../parts/allowed.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Facts, Section } from '../../parts/page.tsx'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { useChange, useMay } from '../../service/queries.ts'
import type { KeyMetadata } from '../../service/replies.ts'
import { useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'
import { Expiry } from './details.tsx'

export function Material({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(keyTexts)
  const region = useRegion()
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  const { Arn, KeyId, KeyState, Origin } = metadata
  const may = useMay([
    { Action: 'kms:ImportKeyMaterial', Resource: Arn },
    { Action: 'kms:DeleteKeyMaterial', Resource: Arn },
  ])
  const remove = useChange((_: undefined, where) => call('Kms', 'DeleteKeyMaterial', where, { KeyId }))
  if (Origin !== 'EXTERNAL')
    return (
      <Section title={say('material')}>
        <p>{say('material.own')}</p>
      </Section>
    )
  const isMissing = KeyState === 'PendingImport'
  return (
    <Section
      actions={
        <>
          <Do
            because={KeyState !== 'Enabled' && !isMissing && say('import.state')}
            onClick={() => void navigate(paths.importMaterial(region, KeyId))}
            permission={{ answer: may('kms:ImportKeyMaterial', Arn), action: 'kms:ImportKeyMaterial', resource: Arn }}
            type={isMissing ? 'primary' : 'default'}
          >
            {say(isMissing ? 'material.import' : 'material.again')}
          </Do>
          <Do
            because={isMissing && say('delete.state')}
            danger
            onClick={() => setOpen(true)}
            permission={{ answer: may('kms:DeleteKeyMaterial', Arn), action: 'kms:DeleteKeyMaterial', resource: Arn }}
          >
            {say('material.delete')}
          </Do>
        </>
      }
      title={say('material')}
    >
      <p>{say(isMissing ? 'material.none' : 'material.there')}</p>
      {!isMissing && <Facts of={[[say('expires'), <Expiry key="expires" metadata={metadata} />]]} />}
      {open && (
        <Confirm
          close={() => setOpen(false)}
          danger
          run={() => remove.mutateAsync(undefined)}
          title={say('material.delete')}
          verb={say('material.delete')}
        >
          <ul className="consequences">
            <li>{say('material.gone.1')}</li>
            <li>{say('material.gone.2')}</li>
          </ul>
        </Confirm>
      )}
    </Section>
  )
}
