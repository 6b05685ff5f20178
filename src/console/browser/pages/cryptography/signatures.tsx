// Signing and verifying by hand. The browser computes the digest of a message, and the service gets only the digest.
import { Form, Input, Segmented } from 'antd'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { call } from '../../service/call.ts'
import { signsBy } from '../../service/key-specs.ts'
import type { KeyMetadata } from '../../service/replies/keys.ts'
import { toBase64 } from '../../service/wrapping.ts'
import { useTexts } from '../../texts/language.tsx'
import { cryptographyTexts } from '../cryptography.texts.ts'
import { KeyField, useKeyInAddress } from './key-field.tsx'
import { Operation, withoutBlanks } from './operation.tsx'
import { useIsLookedUp, VersionAndAlgorithm } from './version-and-algorithm.tsx'

interface ToSign {
  readonly KeyId: string
  readonly KeyVersionId: string
  readonly Algorithm: string
  /** A message, or its digest in Base64. */
  readonly Digest: string
  readonly as: 'message' | 'digest'
}

interface ToVerify extends ToSign {
  readonly Value: string
}

export function Sign() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<ToSign>
      action={() => 'kms:AsymmetricSign'}
      because={useIsLookedUp() && say('key.looked-up')}
      context={null}
      initial={{ as: 'message', KeyId: useKeyInAddress() }}
      of="Kms.AsymmetricSign"
      run={async (values, region) => call('Kms', 'AsymmetricSign', region, await parametersOf(values))}
      verb={say('sign')}
    >
      <SignedFields />
    </Operation>
  )
}

export function Verify() {
  const say = useTexts(cryptographyTexts)
  return (
    <Operation<ToVerify>
      action={() => 'kms:AsymmetricVerify'}
      because={useIsLookedUp() && say('key.looked-up')}
      context={null}
      initial={{ as: 'message', KeyId: useKeyInAddress() }}
      of="Kms.AsymmetricVerify"
      run={async (values, region) =>
        call('Kms', 'AsymmetricVerify', region, {
          ...(await parametersOf(values)),
          Value: withoutBlanks(values.Value),
        })
      }
      verb={say('verify')}
    >
      <SignedFields />
      <ParameterField label={say('signature')} name="Value" sent={withoutBlanks}>
        <Input.TextArea autoComplete="off" className="mono" rows={4} spellCheck={false} />
      </ParameterField>
    </Operation>
  )
}

/** Browsers offer SHA-256 over HTTPS and on the same machine. The digest for SM2 would also need the public key. */
function hasDigestOf(algorithm: string | undefined): boolean {
  return algorithm !== 'SM2DSA' && window.isSecureContext
}

async function parametersOf({ KeyId, KeyVersionId, Algorithm, Digest, as }: ToSign) {
  const isMessage = as === 'message' && hasDigestOf(Algorithm)
  const digest = isMessage ? await sha256(Digest) : withoutBlanks(Digest)
  return { KeyId: KeyId.trim(), KeyVersionId: KeyVersionId.trim(), Algorithm, Digest: digest }
}

async function sha256(message: string): Promise<string> {
  return toBase64(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(message))))
}

function isSigner({ KeySpec, KeyUsage }: KeyMetadata, algorithm: string): boolean {
  return KeyUsage === 'SIGN/VERIFY' && signsBy(KeySpec, algorithm)
}

function SignedFields() {
  const say = useTexts(cryptographyTexts)
  return (
    <>
      <KeyField label={say('key')} name="KeyId" />
      <VersionAndAlgorithm none={say('algorithm.none')} takes={isSigner} />
      <MessageField />
    </>
  )
}

function MessageField() {
  const say = useTexts(cryptographyTexts)
  const form = Form.useFormInstance<ToSign>()
  const chosen: ToSign['as'] = Form.useWatch('as', form) ?? 'message'
  const algorithm = Form.useWatch('Algorithm', form)
  const isMessage = chosen === 'message' && hasDigestOf(algorithm)
  return (
    <>
      {hasDigestOf(algorithm) && (
        <Form.Item label={say('plaintext.as')} name="as" required>
          <Segmented
            options={[
              { value: 'message', label: say('text') },
              { value: 'digest', label: say('digest.as') },
            ]}
          />
        </Form.Item>
      )}
      <ParameterField
        extra={say(isMessage ? 'message.help' : algorithm === 'SM2DSA' ? 'digest.sm2' : 'digest.help')}
        label={say(isMessage ? 'message' : 'digest')}
        name="Digest"
        sent={(typed) => (isMessage ? new TextEncoder().encode(typed) : withoutBlanks(typed))}
      >
        <Input.TextArea autoComplete="off" className={isMessage ? '' : 'mono'} rows={5} spellCheck={false} />
      </ParameterField>
    </>
  )
}
