import { useQuery } from '@tanstack/react-query'
import { Button } from 'antd'
import { useId } from 'react'
import { useRegion } from '../../frame/region.ts'
import { Ready } from '../../parts/page.tsx'
import { call } from '../../service/call.ts'
import { useChange } from '../../service/queries.ts'
import { useCommon } from '../../texts/language.tsx'
import type { Choice, ImportParameters } from './choice.ts'
import { InBrowser } from './in-browser.tsx'
import { WithOpenssl } from './with-openssl.tsx'

interface Props {
  readonly keyId: string
  readonly choice: Choice
  readonly back: () => void
  readonly done: () => void
}

/** Gets the public key and the token, and imports the wrapped material. */
export function Wrap({ keyId, choice, back, done }: Props) {
  const common = useCommon()
  const region = useRegion()
  const once = useId()
  // Public key and token belong together, so they are not read again while the reader works with them.
  const parameters = useQuery({
    queryKey: [region, 'import-parameters', keyId, choice.WrappingAlgorithm, once],
    queryFn: ({ signal }) =>
      call<ImportParameters>(
        'Kms',
        'GetParametersForImport',
        region,
        { KeyId: keyId, WrappingAlgorithm: choice.WrappingAlgorithm, WrappingKeySpec: 'RSA_2048' },
        signal,
      ),
    gcTime: 0,
    staleTime: 'static',
  })
  const importing = useChange(({ material, token }: { material: string; token: string }, region) =>
    call('Kms', 'ImportKeyMaterial', region, {
      KeyId: keyId,
      EncryptedKeyMaterial: material,
      ImportToken: token,
      ...(choice.expires === 'date' && choice.until ? { KeyMaterialExpireUnix: choice.until.unix() } : {}),
    }),
  )
  const send = async (material: string, token: string) => {
    await importing.mutateAsync({ material, token })
    done()
  }
  const Wrapping = choice.way === 'browser' ? InBrowser : WithOpenssl
  return (
    <>
      <Ready of={parameters}>
        {() =>
          parameters.data && (
            <Wrapping back={back} choice={choice} keyId={keyId} parameters={parameters.data} send={send} />
          )
        }
      </Ready>
      {parameters.error && <Button onClick={back}>{common('do.back')}</Button>}
    </>
  )
}
