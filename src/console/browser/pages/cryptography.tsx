import { useParams } from 'react-router'
import { useRegion } from '../frame/region.ts'
import { Page } from '../parts/page.tsx'
import { TabLinks } from '../parts/tab-links.tsx'
import { paths } from '../service/paths.ts'
import { useCommon, useTexts } from '../texts/language.tsx'
import { DataKey, Decrypt, Encrypt, ReEncrypt } from './cryptography/forms.tsx'
import { useKeyInAddress } from './cryptography/key-field.tsx'
import { AsymmetricDecrypt, AsymmetricEncrypt } from './cryptography/pairs.tsx'
import { Sign, Verify } from './cryptography/signatures.tsx'
import { cryptographyTexts } from './cryptography.texts.ts'

export default function CryptographyPage() {
  const say = useTexts(cryptographyTexts)
  const common = useCommon()
  const region = useRegion()
  const { tab = 'encrypt' } = useParams()
  const keyId = useKeyInAddress()
  return (
    <Page lead={say('lead')} name={common('nav.cryptography')} title={common('nav.cryptography')}>
      <TabLinks
        at={tab}
        label={common('nav.cryptography')}
        tabs={[
          { key: 'encrypt', label: say('encrypt'), content: () => <Encrypt /> },
          { key: 'decrypt', label: say('decrypt'), content: () => <Decrypt /> },
          { key: 'data-key', label: say('data'), content: () => <DataKey /> },
          { key: 're-encrypt', label: say('reencrypt'), content: () => <ReEncrypt /> },
          { key: 'asymmetric-encrypt', label: say('encrypt.pair.tab'), content: () => <AsymmetricEncrypt /> },
          { key: 'asymmetric-decrypt', label: say('decrypt.pair.tab'), content: () => <AsymmetricDecrypt /> },
          { key: 'sign', label: say('sign'), content: () => <Sign /> },
          { key: 'verify', label: say('verify'), content: () => <Verify /> },
        ]}
        to={(next) => paths.cryptography(region, next, keyId)}
      />
    </Page>
  )
}
