// Stored events (docs/reference/trail-formats.md, "Bodies"): formats 1 to 4, and the event that each is rendered as.
import { ACCOUNT, KEY_ID, REGION, vector } from './vector.ts'

const EVENT_ID = '00000000-0000-4000-8000-000000000001'
const row = { eventId: EVENT_ID, account: ACCOUNT, region: REGION, at: 1_795_512_600_000 }
const key = ['ACS::KMS::Key', KEY_ID] as const
const alice = ['ram-user', '201234567890123456', 'alice', 'LTAI5tExampleKeyId000001'] as const
const call = (operation: string, access: string) =>
  ['Kms', '2016-01-20', operation, access, 'kms.example.com', '192.0.2.7', 'aliyun-cli/3'] as const

/** The event of a call by alice that says no more than every call. */
const event = (operation: string, access: string) => ({
  eventId: EVENT_ID,
  eventVersion: 1,
  eventCategory: 'Management',
  eventType: 'ApiCall',
  eventName: operation,
  eventRW: access,
  eventTime: '2026-11-24T09:30:00Z',
  eventSource: 'kms.example.com',
  serviceName: 'Kms',
  apiVersion: '2016-01-20',
  acsRegion: REGION,
  isGlobal: false,
  requestId: EVENT_ID,
  sourceIpAddress: '192.0.2.7',
  userAgent: 'aliyun-cli/3',
  userIdentity: {
    type: 'ram-user',
    accountId: ACCOUNT,
    principalId: '201234567890123456',
    userName: 'alice',
    accessKeyId: 'LTAI5tExampleKeyId000001',
  },
  recipientAccountId: ACCOUNT,
})
const aboutTheKey = {
  referencedResources: { 'ACS::KMS::Key': [KEY_ID] },
  resourceType: 'ACS::KMS::Key',
  resourceName: KEY_ID,
}
const parameters = (all: Readonly<Record<string, string>>) => ({
  requestParameters: all,
  requestParameterJson: JSON.stringify(all),
})
const response = (members: object) => ({ responseElements: { RequestId: EVENT_ID, ...members } })

/** `facts`: what the encoder makes this body of, for bodies that this program writes. Others are only read. */
function stored(claim: string, body: readonly unknown[], event: object, facts: object | null = null): void {
  vector('stored-event', claim, { row: { ...row, body: JSON.stringify(body) }, facts, event })
}

/** The facts of a call by alice on the key. */
const facts = (operation: string, access: string, more: object = {}) => ({
  product: 'Kms',
  apiVersion: '2016-01-20',
  operation,
  access,
  host: 'kms.example.com',
  sourceAddress: '192.0.2.7',
  userAgent: 'aliyun-cli/3',
  account: ACCOUNT,
  caller: {
    type: 'ram-user',
    accountId: ACCOUNT,
    principalId: '201234567890123456',
    userName: 'alice',
    accessKeyId: 'LTAI5tExampleKeyId000001',
  },
  trail: { show: ['KeyId', 'Description', 'DryRun'], reply: ['KeyId'] },
  parameters: {},
  resources: [{ type: 'ACS::KMS::Key', name: KEY_ID, arn: `acs:kms:${REGION}:${ACCOUNT}:key/${KEY_ID}` }],
  reply: null,
  refusal: null,
  ...more,
})

const denied = {
  additionalEventData: {
    AccessDeniedDetail: {
      AuthAction: 'kms:Encrypt',
      AuthResource: `acs:kms:${REGION}:${ACCOUNT}:key/${KEY_ID}`,
      NoPermissionType: 'ExplicitDeny',
      PolicyType: 'IdentityBased',
      PolicyName: 'p',
      PolicyVersion: 'v2',
      StatementIndex: '1',
    },
  },
}
const denial = {
  action: 'kms:Encrypt',
  resource: `acs:kms:${REGION}:${ACCOUNT}:key/${KEY_ID}`,
  type: 'ExplicitDeny',
  policyType: 'IdentityBased',
  by: { policyName: 'p', policyVersion: 'v2', statementIndex: 1 },
}
const refused = ['Forbidden.NoPermission', 'no'] as const
const error = { errorCode: 'Forbidden.NoPermission', errorMessage: 'no' }

stored(
  'format_1_names_resources_in_full',
  [1, ...call('CreateKey', 'Write'), alice, { Description: 'd' }, [key], { KeyId: KEY_ID }, 0],
  {
    ...event('CreateKey', 'Write'),
    ...parameters({ Description: 'd' }),
    ...response({ KeyId: KEY_ID }),
    ...aboutTheKey,
  },
)
stored(
  'format_1_without_parameters_resources_and_user_agent',
  [1, ...call('ListKeys', 'Read').slice(0, 6), '', alice, 0, [], 0, 0],
  (() => {
    const { userAgent: _, ...rest } = event('ListKeys', 'Read')
    return rest
  })(),
)
stored(
  'format_1_denial_with_members_that_no_event_shows',
  [
    1,
    ...call('Encrypt', 'Read'),
    alice,
    { KeyId: KEY_ID },
    [key],
    0,
    refused,
    { ...denial, principal: { type: 'SubUser', name: 'alice' } },
  ],
  { ...event('Encrypt', 'Read'), ...parameters({ KeyId: KEY_ID }), ...aboutTheKey, ...error, ...denied },
)
stored(
  'format_1_session_that_a_service_began',
  [
    1,
    ...call('ListKeys', 'Read'),
    ['assumed-role', '3:s', 'app:s', 'STS.a', 1_795_512_000_000, 'ecs.aliyuncs.com'],
    0,
    [],
    0,
    0,
  ],
  {
    ...event('ListKeys', 'Read'),
    userIdentity: {
      type: 'assumed-role',
      accountId: ACCOUNT,
      principalId: '3:s',
      userName: 'app:s',
      accessKeyId: 'STS.a',
      sessionContext: { attributes: { creationDate: '2026-11-24T09:20:00Z', mfaAuthenticated: 'false' } },
      invokedBy: 'ecs.aliyuncs.com',
    },
  },
)
stored(
  'format_3_values_refer_to_resources',
  [3, ...call('CreateKey', 'Write'), alice, { KeyId: 0, Description: 'd' }, [key], { KeyId: [0] }, 0],
  {
    ...event('CreateKey', 'Write'),
    ...parameters({ KeyId: KEY_ID, Description: 'd' }),
    ...response({ KeyId: KEY_ID }),
    ...aboutTheKey,
  },
  facts('CreateKey', 'Write', { parameters: { KeyId: KEY_ID, Description: 'd' }, reply: { KeyId: KEY_ID } }),
)
stored(
  'format_3_number_in_a_reply_is_no_reference',
  [3, ...call('ListKeys', 'Read'), alice, 0, [key], { TotalCount: 0 }, 0],
  { ...event('ListKeys', 'Read'), ...response({ TotalCount: 0 }), ...aboutTheKey },
  facts('ListKeys', 'Read', { trail: { show: [], reply: ['TotalCount'] }, reply: { TotalCount: 0 } }),
)
stored(
  'format_3_denial',
  [3, ...call('Encrypt', 'Read'), alice, { KeyId: 0 }, [key], 0, refused, denial],
  { ...event('Encrypt', 'Read'), ...parameters({ KeyId: KEY_ID }), ...aboutTheKey, ...error, ...denied },
  facts('Encrypt', 'Read', {
    parameters: { KeyId: KEY_ID },
    refusal: {
      code: refused[0],
      message: refused[1],
      denial: { ...denial, account: ACCOUNT, principal: { type: 'SubUser', name: 'alice', account: ACCOUNT } },
    },
  }),
)
stored(
  'format_3_dry_run',
  [3, ...call('Encrypt', 'Read'), alice, { DryRun: 'true' }, [], 0, ['DryRunOperation', 'dry']],
  {
    ...event('Encrypt', 'Read'),
    ...parameters({ DryRun: 'true' }),
    errorCode: 'DryRunOperation',
    errorMessage: 'dry',
    additionalEventData: { DryRun: 'true' },
  },
  facts('Encrypt', 'Read', {
    parameters: { DryRun: 'true' },
    resources: [],
    refusal: { code: 'DryRunOperation', message: 'dry', denial: null },
  }),
)
stored(
  'format_3_of_an_account_that_did_not_call',
  [
    3,
    ...call('AssumeRole', 'Write'),
    alice,
    0,
    [],
    0,
    0,
    0,
    ['00000000-0000-4000-8000-000000000002', '6543210987654321'],
  ],
  {
    ...event('AssumeRole', 'Write'),
    requestId: '00000000-0000-4000-8000-000000000002',
    userIdentity: { ...event('', '').userIdentity, accountId: '6543210987654321' },
  },
  facts('AssumeRole', 'Write', {
    resources: [],
    requestId: '00000000-0000-4000-8000-000000000002',
    caller: { ...event('', '').userIdentity, accountId: '6543210987654321' },
  }),
)
stored(
  'format_3_after_refused_calls_without_an_event',
  [3, ...call('ListKeys', 'Read'), alice, 0, [], 0, refused, 0, 0, { unrecorded: 7 }],
  { ...event('ListKeys', 'Read'), ...error, additionalEventData: { UnrecordedRefusals: '7' } },
)
stored(
  'format_3_with_members_that_were_cut',
  [3, ...call('ListKeys', 'Read'), alice, 0, [], 0, 0, 0, 0, { cut: ['requestParameters', 'referencedResources'] }],
  { ...event('ListKeys', 'Read'), additionalEventData: { Cut: 'requestParameters,referencedResources' } },
)
stored(
  'format_3_resources_by_type',
  [
    3,
    ...call('UpdateAlias', 'Write'),
    alice,
    0,
    [key, ['ACS::KMS::Alias', 'alias/a'], ['ACS::KMS::Key', 'other']],
    0,
    0,
  ],
  {
    ...event('UpdateAlias', 'Write'),
    referencedResources: { 'ACS::KMS::Key': [KEY_ID, 'other'], 'ACS::KMS::Alias': ['alias/a'] },
    resourceType: 'ACS::KMS::Key;ACS::KMS::Alias',
    resourceName: `${KEY_ID},other;alias/a`,
  },
)
const work = {
  DeleteKey: 'Kms',
  DeleteExpiredKeyMaterial: 'Kms',
  RotateKey: 'Kms',
  AcceptRestoredTrail: 'Actiontrail',
  ChangeRootKeyProvider: 'Kms',
  RotateRootKey: 'Kms',
  DropRetiredRootKeys: 'Kms',
  CreateAccessKey: 'Ram',
  UpdateAccessKey: 'Ram',
  DeleteAccessKey: 'Ram',
}
for (const [name, product] of Object.entries(work))
  stored(
    `format_2_${name.replace(/(?<!^)[A-Z]/g, '_$&').toLowerCase()}`,
    [2, name, [key]],
    {
      eventId: EVENT_ID,
      eventVersion: 1,
      eventCategory: 'Management',
      eventType: 'AliyunServiceEvent',
      eventName: name,
      eventRW: 'Write',
      eventTime: '2026-11-24T09:30:00Z',
      eventSource: `${product.toLowerCase()}.${REGION}.aliyuncs.com`,
      serviceName: product,
      acsRegion: REGION,
      isGlobal: false,
      requestId: EVENT_ID,
      sourceIpAddress: 'Internal',
      ...aboutTheKey,
      userIdentity: { type: 'system', accountId: ACCOUNT, principalId: ACCOUNT, userName: 'system' },
      recipientAccountId: ACCOUNT,
    },
    { work: name, resources: [{ type: key[0], name: key[1], arn: '' }] },
  )

/** A session of the console, and one of a role that it assumed. */
const loggedOn = ['ram-user', '201234567890123456', 'alice', '', 1_795_509_000_000, '', 1] as const
const identity = { type: 'ram-user', accountId: ACCOUNT, principalId: '201234567890123456', userName: 'alice' }
const sessionContext = { attributes: { creationDate: '2026-11-24T08:30:00Z', mfaAuthenticated: 'true' } }
stored(
  'format_3_in_a_session_of_the_console',
  [3, ...call('ListKeys', 'Read'), loggedOn, 0, [], 0, 0],
  { ...event('ListKeys', 'Read'), userIdentity: { ...identity, sessionContext } },
  facts('ListKeys', 'Read', {
    caller: { ...identity, accessKeyId: '', loggedOn: { since: 1_795_509_000_000, mfa: true } },
    resources: [],
  }),
)
const logOn = (name: string) => [4, name, 'kms.example.com', '192.0.2.7', 'Mozilla/5.0'] as const
const logOnEvent = (name: string) => ({
  eventId: EVENT_ID,
  eventVersion: 1,
  eventCategory: 'Management',
  eventType: name,
  eventName: name,
  eventRW: 'Write',
  eventTime: '2026-11-24T09:30:00Z',
  eventSource: 'kms.example.com',
  acsRegion: REGION,
  isGlobal: true,
  requestId: EVENT_ID,
  sourceIpAddress: '192.0.2.7',
  userAgent: 'Mozilla/5.0',
  recipientAccountId: ACCOUNT,
})
const callbackUrl = '/console/session'
const user = ['ram-user', '201234567890123456', 'alice', ''] as const
stored('format_4_log_on', [...logOn('ConsoleSignin'), user, 'alice@acme', callbackUrl, 1, 0], {
  ...logOnEvent('ConsoleSignin'),
  serviceName: 'AasSub',
  additionalEventData: { loginAccount: 'alice@acme', callbackUrl, mfaChecked: 'true', isMFAChecked: 'true' },
  userIdentity: identity,
})
stored(
  'format_4_log_on_that_was_refused',
  [...logOn('ConsoleSignin'), user, 'alice@acme', callbackUrl, 0, ['LogOn.Failed', 'Wrong.'], { unrecorded: 2 }],
  {
    ...logOnEvent('ConsoleSignin'),
    serviceName: 'AasSub',
    errorCode: 'LogOn.Failed',
    errorMessage: 'Wrong.',
    additionalEventData: {
      loginAccount: 'alice@acme',
      callbackUrl,
      mfaChecked: 'false',
      isMFAChecked: 'false',
      UnrecordedRefusals: '2',
    },
    userIdentity: identity,
  },
)
stored(
  'format_4_log_off_of_the_account',
  [...logOn('ConsoleSignout'), ['root-account', ACCOUNT, 'root', ''], 'LTAI5tExample', callbackUrl, 0, 0],
  {
    ...logOnEvent('ConsoleSignout'),
    serviceName: 'AasCustomer',
    additionalEventData: { loginAccount: 'LTAI5tExample', callbackUrl },
    userIdentity: { type: 'root-account', accountId: ACCOUNT, principalId: ACCOUNT, userName: 'root' },
  },
)
const allowUrl = '/console/log-on/code'
stored('format_4_allowed_command_line', [...logOn('ConsoleAllow'), loggedOn, 'alice', allowUrl, 1, 0], {
  ...logOnEvent('ConsoleAllow'),
  eventType: 'ConsoleOperation',
  serviceName: 'AasSub',
  additionalEventData: { loginAccount: 'alice', callbackUrl: allowUrl },
  userIdentity: { ...identity, sessionContext },
})
