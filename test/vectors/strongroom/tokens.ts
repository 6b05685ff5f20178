// Import tokens.
import { deflateRawSync } from 'node:zlib'
import { hkdf, hmac, sealed } from './primitives.ts'
import {
  ACCOUNT,
  base64,
  EXPIRES_AT,
  flipped,
  hex,
  KEY_ID,
  LONG_NONCE,
  OLDER_ROOT,
  REGION,
  ROOT,
  SECRET,
  VERSION_ID,
  vector,
} from './vector.ts'

const ALGORITHMS = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256', 'RSAES_PKCS1_V1_5']
function importTokenBytes(algorithm: number, boundTo = algorithm, expiresAt = EXPIRES_AT): Buffer {
  const head = Buffer.alloc(9)
  head.writeUInt8(algorithm)
  head.writeBigUInt64BE(BigInt(expiresAt), 1)
  const at = ['wrapping-key', ACCOUNT, REGION, KEY_ID, ALGORITHMS[boundTo] ?? '', String(EXPIRES_AT)]
  return Buffer.concat([head, sealed(ROOT, LONG_NONCE, SECRET, at)])
}
/** `expect` is `private key`, or where it fails: `no token`, `does not open`. */
function importToken(claim: string, token: Uint8Array | string, more: object = {}): void {
  const text = typeof token === 'string' ? token : base64(token)
  vector('import-token', claim, {
    roots: [hex(ROOT)],
    account: ACCOUNT,
    region: REGION,
    keyId: KEY_ID,
    token: text,
    expect: 'does not open',
    ...more,
  })
}
for (const [i, algorithm] of ALGORITHMS.entries())
  importToken(`for_${algorithm}`.toLowerCase(), importTokenBytes(i), {
    expect: 'private key',
    algorithm,
    expiresAt: EXPIRES_AT,
    privateKey: base64(SECRET),
  })
importToken('algorithm_altered', importTokenBytes(1, 0))
importToken('expiry_altered', importTokenBytes(0, 0, EXPIRES_AT + 1))
importToken('of_another_key', importTokenBytes(0), { keyId: VERSION_ID })
importToken('of_another_account', importTokenBytes(0), { account: '6543210987654321' })
importToken('algorithm_unknown', importTokenBytes(3), { expect: 'no token' })
importToken('nothing_after_the_expiry', importTokenBytes(0).subarray(0, 9), { expect: 'no token' })
importToken('no_base64', 'token', { expect: 'no token' })
importToken('empty', '', { expect: 'no token' })

// Security tokens.
const facts = [
  1,
  ACCOUNT,
  '301234567890123456',
  'app',
  'session',
  'STS.NUexample',
  1_795_512_600_000,
  1_795_516_200_000,
  null,
  null,
]
const securityTokenBytes = (said: readonly unknown[], root = ROOT, at = ['security-token']) =>
  sealed(root, LONG_NONCE, deflateRawSync(JSON.stringify(said)), at)
/** `expect` is `session` or `no token`. */
function securityToken(claim: string, token: Uint8Array | string, more: object = {}): void {
  vector('security-token', claim, {
    roots: [hex(ROOT)],
    nonce: hex(LONG_NONCE),
    token: typeof token === 'string' ? token : base64(token),
    expect: 'no token',
    ...more,
  })
}
const secretUnder = (root: Uint8Array) =>
  hmac('sha512', hkdf(root, 'strongroom/session-secret/1'), 'STS.NUexample').toString('hex').slice(0, 44)
const session = {
  expect: 'session',
  session: {
    caller: {
      type: 'assumed-role',
      accountId: ACCOUNT,
      principalId: '301234567890123456:session',
      userName: 'app:session',
      accessKeyId: 'STS.NUexample',
      roleId: '301234567890123456',
      roleName: 'app',
      sessionName: 'session',
      sessionPolicy: null,
      startedAt: 1_795_512_600_000,
      invokedBy: null,
    },
    expiresAt: 1_795_516_200_000,
    secret: secretUnder(ROOT),
  },
}
const service = [...facts.slice(0, 8), 'ecs.aliyuncs.com', '{"Version":"1","Statement":[]}']
securityToken('of_a_session', securityTokenBytes(facts), session)
securityToken('by_a_service_with_a_policy', securityTokenBytes(service), {
  ...session,
  session: {
    ...session.session,
    caller: { ...session.session.caller, sessionPolicy: service[9], invokedBy: service[8] },
  },
})
securityToken('of_a_session_of_who_logged_on_with_a_second_factor', securityTokenBytes([...facts, true]), {
  ...session,
  session: { ...session.session, caller: { ...session.session.caller, mfa: true } },
})
securityToken('secret_follows_the_root_it_opens_under', securityTokenBytes(facts, OLDER_ROOT), {
  roots: [hex(ROOT), hex(OLDER_ROOT)],
  older: true,
  ...session,
  session: { ...session.session, secret: secretUnder(OLDER_ROOT) },
})
securityToken('under_a_root_that_was_dropped', securityTokenBytes(facts, OLDER_ROOT))
securityToken('sealed_at_another_place', securityTokenBytes(facts, ROOT, ['page-token', ACCOUNT]))
securityToken('altered', flipped(securityTokenBytes(facts), 30))
securityToken('base64_with_a_line_break', `${base64(securityTokenBytes(facts))}\n`)
securityToken('longer_than_any', 'A'.repeat(16_388))
securityToken('empty', '')

// NextTokens of LookupEvents.
const lookup = {
  account: ACCOUNT,
  region: REGION,
  conditions: [['EventName', 'Encrypt']],
  from: 1_795_512_600,
  to: 1_795_516_200,
  order: 'newest',
  after: { second: 1_795_513_000, seq: 42 },
}
const pageFacts = [
  1,
  REGION,
  lookup.conditions,
  lookup.from,
  lookup.to,
  lookup.order,
  lookup.after.second,
  lookup.after.seq,
  1_795_516_300_000,
]
const pageTokenBytes = (account = ACCOUNT) =>
  sealed(ROOT, LONG_NONCE, Buffer.from(JSON.stringify(pageFacts)), ['page-token', account])
/** `expect` is `page` or `no token`. */
function pageToken(claim: string, token: Uint8Array | string, more: object = {}): void {
  vector('page-token', claim, {
    roots: [hex(ROOT)],
    account: ACCOUNT,
    nonce: hex(LONG_NONCE),
    token: typeof token === 'string' ? token : base64(token),
    expect: 'no token',
    ...more,
  })
}
pageToken('of_a_lookup', pageTokenBytes(), { expect: 'page', page: { lookup, issuedAt: 1_795_516_300_000 } })
pageToken('of_another_account', pageTokenBytes('6543210987654321'))
pageToken('altered', flipped(pageTokenBytes(), -1))
pageToken('longer_than_any', 'A'.repeat(16_388))
pageToken('empty', '')
