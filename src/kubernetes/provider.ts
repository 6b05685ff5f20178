// The KMS v2 provider of kube-apiserver: a CMK of any server of the API encrypts the seeds of kube-apiserver's data keys
// (https://kubernetes.io/docs/tasks/administer-cluster/kms-provider/). Tests: test/kubernetes/provider.test.ts.
import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect'
import type { KeyManagementService } from './kms-v2_pb.ts'

/** Calls an operation of the key service. Rejects when the service can't be reached, or when `signal` aborts. */
export type CallKms = (
  parameters: ReadonlyMap<string, string>,
  signal: AbortSignal,
) => Promise<{ readonly status: number; readonly answer: Readonly<Record<string, unknown>> }>

interface ProviderOptions {
  /** A KeyId, an alias or an ARN. */
  readonly key: string
  /** The EncryptionContext (JSON) of all ciphertexts; null for none. */
  readonly encryptionContext: string | null
  readonly call: CallKms
  /** Receives the reason when the provider becomes unhealthy or the reason changes, and null when it is healthy again. */
  readonly healthChanged: (reason: string | null) => void
}

/** The plaintext that Status encrypts. Only an encryption proves that the key can be used. */
const PROBE = Buffer.from('strongroom')

/**
 * The gRPC service. kube-apiserver creates a new data key when the key id changes, so the id contains the CMK and the version that encrypted.
 */
export function kmsProvider(options: ProviderOptions): ServiceImpl<typeof KeyManagementService> {
  /** Of the last probe alone: an encryption that takes long may end after the key has changed. */
  let keyId = ''
  let reason: string | null = null
  const encrypt = async (plaintext: Uint8Array, signal: AbortSignal) => {
    const answer = await called(options, 'Encrypt', { KeyId: options.key, Plaintext: base64(plaintext) }, signal)
    return {
      ciphertext: Buffer.from(String(answer['CiphertextBlob']), 'base64'),
      keyId: `${answer['KeyId']}/${answer['KeyVersionId']}`,
    }
  }
  const decrypt = async (ciphertext: Uint8Array, sealedBy: string, signal: AbortSignal) => {
    const answer = await called(options, 'Decrypt', { CiphertextBlob: base64(ciphertext) }, signal)
    demandCmk(answer['KeyId'], sealedBy)
    return Buffer.from(String(answer['Plaintext']), 'base64')
  }
  const healthOf = async (signal: AbortSignal): Promise<string | null> => {
    try {
      const probe = await encrypt(PROBE, signal)
      keyId = probe.keyId
      return PROBE.equals(await decrypt(probe.ciphertext, keyId, signal))
        ? null
        : 'the key service decrypts to another plaintext'
    } catch (error) {
      return ConnectError.from(error).rawMessage
    }
  }
  return {
    async status(_, { signal }) {
      const now = await healthOf(signal)
      if (now !== reason) options.healthChanged(now)
      reason = now
      return { version: 'v2', healthz: now ?? 'ok', keyId }
    },
    encrypt: ({ plaintext }, { signal }) => encrypt(plaintext, signal),
    decrypt: async ({ ciphertext, keyId: sealedBy }, { signal }) => ({
      plaintext: await decrypt(ciphertext, sealedBy, signal),
    }),
  }
}

/**
 * Refuses a ciphertext whose CMK differs from the one in the key id, if there is one. The key id is stored in etcd beside the ciphertext.
 * Without this check, an attacker with write access to etcd could have it decrypted by any CMK that the provider's credentials may use.
 */
function demandCmk(cmk: unknown, keyId: string): void {
  if (keyId === '' || keyId.startsWith(`${cmk}/`)) return
  throw new ConnectError(`the ciphertext is of the CMK ${cmk}, and the key id is ${keyId}`, Code.InvalidArgument)
}

/** Throws ConnectError with the code and the message of a refusal. */
async function called(
  { call, encryptionContext }: ProviderOptions,
  action: 'Encrypt' | 'Decrypt',
  parameters: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const context = encryptionContext === null ? {} : { EncryptionContext: encryptionContext }
  const all = new Map(Object.entries({ Action: action, Version: '2016-01-20', ...parameters, ...context }))
  const { status, answer } = await call(all, signal).catch((error: Error) => {
    throw new ConnectError(error.message, Code.Unavailable)
  })
  if (status < 300) return answer
  const { Code: code, Message: message, RequestId: requestId } = answer
  throw new ConnectError(`${code}: ${message} (RequestId ${requestId})`, CODES[status] ?? Code.Unavailable)
}

/** The gRPC codes of refusals, by HTTP status. Any other status becomes Unavailable, which callers retry. */
const CODES: Readonly<Record<number, Code>> = {
  400: Code.InvalidArgument,
  403: Code.PermissionDenied,
  404: Code.NotFound,
  409: Code.FailedPrecondition,
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
