// Encrypting with a public key and decrypting with its private key, by hand.
import { ParameterField } from '../../parts/parameter-field.tsx'
import { call } from '../../service/call.ts'
import { encryptsBy } from '../../service/key-specs.ts'
import type { KeyMetadata } from '../../service/replies/keys.ts'
import { useTexts } from '../../texts/language.tsx'
import { cryptographyTexts } from '../cryptography.texts.ts'
import { Ciphertext, PlaintextField, plaintextOf, type Writing } from './fields.tsx'
import { KeyField, useKeyInAddress } from './key-field.tsx'
import { Operation, withoutBlanks } from './operation.tsx'
import { useIsLookedUp, VersionAndAlgorithm } from './version-and-algorithm.tsx'

interface Named {
  readonly KeyId: string
  readonly KeyVersionId: string
  readonly Algorithm: string
}

interface ToEncrypt extends Named {
  readonly Plaintext: string
  readonly as: Writing
}

export function AsymmetricEncrypt() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<ToEncrypt>
      action={() => 'kms:AsymmetricEncrypt'}
      because={useIsLookedUp() && say('key.looked-up')}
      context={null}
      initial={{ as: 'text', KeyId: useKeyInAddress() }}
      of="Kms.AsymmetricEncrypt"
      run={(values, region) =>
        call('Kms', 'AsymmetricEncrypt', region, {
          ...namedIn(values),
          Plaintext: plaintextOf(values.as, values.Plaintext),
        })
      }
      verb={say('encrypt')}
    >
      <PairFields />
      <PlaintextField help={say('plaintext.pair')} sent={plaintextOf} />
    </Operation>
  )
}

interface ToDecrypt extends Named {
  readonly CiphertextBlob: string
}

export function AsymmetricDecrypt() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<ToDecrypt>
      action={() => 'kms:AsymmetricDecrypt'}
      because={useIsLookedUp() && say('key.looked-up')}
      context={null}
      initial={{ KeyId: useKeyInAddress() }}
      of="Kms.AsymmetricDecrypt"
      run={(values, region) =>
        call('Kms', 'AsymmetricDecrypt', region, {
          ...namedIn(values),
          CiphertextBlob: withoutBlanks(values.CiphertextBlob),
        })
      }
      verb={say('decrypt')}
    >
      <PairFields />
      <ParameterField extra={say('decrypt.pair')} label={say('ciphertext')} name="CiphertextBlob" sent={withoutBlanks}>
        <Ciphertext />
      </ParameterField>
    </Operation>
  )
}

function namedIn({ KeyId, KeyVersionId, Algorithm }: Named) {
  return { KeyId: KeyId.trim(), KeyVersionId: KeyVersionId.trim(), Algorithm }
}

function isEncrypter({ KeySpec, KeyUsage }: KeyMetadata, algorithm: string): boolean {
  return KeyUsage === 'ENCRYPT/DECRYPT' && encryptsBy(KeySpec, algorithm)
}

function PairFields() {
  const say = useTexts(cryptographyTexts)
  return (
    <>
      <KeyField label={say('key')} name="KeyId" />
      <VersionAndAlgorithm none={say('algorithm.none.pair')} takes={isEncrypter} />
    </>
  )
}
