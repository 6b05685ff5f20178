// Signed requests, as clients send them, without a socket: signature version 1.0.
import { isoSeconds } from '../../src/api/time.ts'
import type { HttpRequest } from '../../src/gateway/request.ts'
import { rpcSignature, rpcStringToSign } from '../../src/gateway/signature.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly accessKeySecret: string
}

const KMS = '2016-01-20'
const RAM = '2015-05-01'
/** The operations of RAM that are called; all others are those of KMS. */
const OF_RAM =
  /^(Create(User|Group|Policy|PolicyVersion|AccessKey)|UpdateAccessKey|AttachPolicy.*|DetachPolicy.*|AddUserToGroup|RemoveUserFromGroup|SetDefaultPolicyVersion)$/

const HEADERS = { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'simulation' }

/** A request that is signed at `now` (milliseconds since 1970) with a nonce of its own. */
export function signed(
  action: string,
  parameters: Readonly<Record<string, string>>,
  { accessKeyId, accessKeySecret }: Credentials,
  nonce: string,
  now: number,
): HttpRequest {
  const isRam = OF_RAM.test(action)
  const all = new Map(
    Object.entries({
      Action: action,
      Version: isRam ? RAM : KMS,
      ...parameters,
      Format: 'JSON',
      AccessKeyId: accessKeyId,
      SignatureMethod: 'HMAC-SHA256',
      SignatureVersion: '1.0',
      SignatureNonce: nonce,
      Timestamp: isoSeconds(now),
    }),
  )
  const signature = rpcSignature('sha256', accessKeySecret, rpcStringToSign('POST', all)).toString('base64')
  const body = Buffer.from(new URLSearchParams([...all, ['Signature', signature]]).toString())
  const headers = { ...HEADERS, host: isRam ? 'ram.aliyuncs.com' : 'kms.cn-hangzhou.aliyuncs.com' }
  return {
    method: 'POST',
    target: '/',
    headers,
    rawHeaders: Object.entries(headers).flat(),
    body,
    sourceAddress: '192.0.2.1',
    regions: ['cn-hangzhou'],
    secure: true,
    endpoint: 'https://192.0.2.2',
    isAbandoned: () => false,
  }
}
