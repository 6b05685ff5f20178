import { useState } from 'react'
import { useNavigate } from 'react-router'
import { useRegion } from '../../frame/region.ts'
import { Do } from '../../parts/allowed.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { Facts, Section } from '../../parts/page.tsx'
import { call } from '../../service/call.ts'
import { paths } from '../../service/paths.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange } from '../../service/queries.ts'
import type { KeyMetadata } from '../../service/replies/keys.ts'
import { useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'
import { Expiry } from './expiry.tsx'

export function Material({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(keyTexts)
  const region = useRegion()
  const navigate = useNavigate()
  const [open, setOpen] = useState(false)
  const { Arn, KeyId, KeyState, Origin } = metadata
  const permission = usePermissions(Arn, ['kms:ImportKeyMaterial', 'kms:DeleteKeyMaterial'])
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
            permission={permission('kms:ImportKeyMaterial')}
            type={isMissing ? 'primary' : 'default'}
          >
            {say(isMissing ? 'material.import' : 'material.again')}
          </Do>
          <Do
            because={isMissing && say('delete.state')}
            danger
            onClick={() => setOpen(true)}
            permission={permission('kms:DeleteKeyMaterial')}
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
