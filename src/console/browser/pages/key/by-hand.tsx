import { Link } from 'react-router'
import { useRegion } from '../../frame/region.ts'
import { Section } from '../../parts/page.tsx'
import { isSymmetric } from '../../service/key-specs.ts'
import { paths } from '../../service/paths.ts'
import type { KeyMetadata } from '../../service/replies/keys.ts'
import { useTexts } from '../../texts/language.tsx'
import { keyTexts } from '../key.texts.ts'
import { isServiceKey } from './service-key.ts'

/** The operations to try, by their texts, with their tabs on the page of cryptography. */
const TABS = {
  encrypt: 'encrypt',
  decrypt: 'decrypt',
  data: 'data-key',
  reencrypt: 're-encrypt',
  encryptPair: 'asymmetric-encrypt',
  decryptPair: 'asymmetric-decrypt',
  sign: 'sign',
  verify: 'verify',
} as const

function operationsOf({ KeySpec, KeyUsage }: KeyMetadata): readonly (keyof typeof TABS)[] {
  if (isSymmetric(KeySpec)) return ['encrypt', 'decrypt', 'data', 'reencrypt']
  return KeyUsage === 'SIGN/VERIFY' ? ['sign', 'verify'] : ['encryptPair', 'decryptPair']
}

/** Links to the page of cryptography with the key filled in. */
export function ByHand({ metadata }: { readonly metadata: KeyMetadata }) {
  const say = useTexts(keyTexts)
  const region = useRegion()
  const operations = operationsOf(metadata)
  if (metadata.KeyState !== 'Enabled' || isServiceKey(metadata)) return null
  return (
    <Section title={say('hand')}>
      <div className="row-links">
        {operations.map((operation) => (
          <Link key={operation} to={paths.cryptography(region, TABS[operation], metadata.KeyId)}>
            {say(`hand.${operation}`)}
          </Link>
        ))}
      </div>
    </Section>
  )
}
