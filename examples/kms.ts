// The key service through its official SDK, as the examples use it.
import { createRequire } from 'node:module'

/** Where the key service is, and the AccessKey to call it with. */
export interface Connection {
  readonly endpoint: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
  /** Of temporary credentials. */
  readonly securityToken?: string
}

export type EncryptionContext = Readonly<Record<string, string>>

export interface Kms {
  /** Encrypts up to 6 KB; returns the CiphertextBlob. */
  encrypt(keyId: string, plaintext: Uint8Array, context: EncryptionContext): Promise<string>
  decrypt(blob: string, context: EncryptionContext): Promise<Buffer>
  /** A new data key of 32 bytes, and its CiphertextBlob. */
  generateDataKey(keyId: string, context: EncryptionContext): Promise<{ plaintext: Buffer; blob: string }>
}

/** The key service refused; `code` is one of docs/errors.md. */
export class Refused extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

// The SDK is CommonJS whose types describe another module system than the one it ships.
const require = createRequire(import.meta.url)
type Answer = { readonly plaintext: string; readonly ciphertextBlob: string }
type Operation = 'encrypt' | 'decrypt' | 'generateDataKey'
type Client = Record<Operation, (request: object) => Promise<Answer>>
const { default: SdkClient, ...requests } = require('@alicloud/kms20160120') as {
  readonly default: new (config: object) => Client
} & Record<'EncryptRequest' | 'DecryptRequest' | 'GenerateDataKeyRequest', new (members: object) => object>

export function connect({ endpoint, ...credentials }: Connection): Kms {
  const { host, protocol } = new URL(endpoint)
  const type = credentials.securityToken === undefined ? 'access_key' : 'sts'
  const client = new SdkClient({ ...credentials, type, endpoint: host, protocol: protocol.slice(0, -1).toUpperCase() })
  const call = async (operation: Operation, request: object) => {
    try {
      return await client[operation](request)
    } catch (error) {
      const { code, message } = error as { readonly code?: string; readonly message: string }
      // The SDK adds a word to the code.
      throw code === undefined ? error : new Refused(code.replace(/Error$/, ''), message)
    }
  }
  return {
    async encrypt(keyId, bytes, encryptionContext) {
      const plaintext = Buffer.from(bytes).toString('base64')
      const request = new requests.EncryptRequest({ keyId, plaintext, encryptionContext })
      return (await call('encrypt', request)).ciphertextBlob
    },
    async decrypt(ciphertextBlob, encryptionContext) {
      const request = new requests.DecryptRequest({ ciphertextBlob, encryptionContext })
      return Buffer.from((await call('decrypt', request)).plaintext, 'base64')
    },
    async generateDataKey(keyId, encryptionContext) {
      const request = new requests.GenerateDataKeyRequest({ keyId, numberOfBytes: 32, encryptionContext })
      const { plaintext, ciphertextBlob: blob } = await call('generateDataKey', request)
      return { plaintext: Buffer.from(plaintext, 'base64'), blob }
    },
  }
}

/** The connection that the environment names, by the variables of every SDK of Alibaba Cloud, and STRONGROOM_ENDPOINT. */
export function connectionFrom(env: NodeJS.ProcessEnv): Connection {
  const of = (name: string) => {
    const value = env[name]
    if (!value) throw new Error(`set ${name}`)
    return value
  }
  const securityToken = env['ALIBABA_CLOUD_SECURITY_TOKEN']
  return {
    endpoint: env['STRONGROOM_ENDPOINT'] ?? 'http://127.0.0.1:7700',
    accessKeyId: of('ALIBABA_CLOUD_ACCESS_KEY_ID'),
    accessKeySecret: of('ALIBABA_CLOUD_ACCESS_KEY_SECRET'),
    ...(securityToken ? { securityToken } : {}),
  }
}
