// The policies that exist in every account. Users can attach them, but not change or delete them.

interface SystemPolicy {
  readonly policyName: string
  readonly description: string
  readonly defaultVersion: string
  readonly document: string
}

type Statement = { Action: readonly string[]; Resource: readonly string[]; Condition?: object }

function policy(
  policyName: string,
  defaultVersion: string,
  description: string,
  ...statements: Statement[]
): SystemPolicy {
  const Statement = statements.map((statement) => ({ Effect: 'Allow', ...statement }))
  return { policyName, defaultVersion, description, document: JSON.stringify({ Version: '1', Statement }, null, 2) }
}

function allow(...Action: string[]): Statement {
  return { Action, Resource: ['*'] }
}

/** The permissions that a product needs to encrypt with keys that have its tag. */
function encryptionRole(policyName: string, tag: string, product: string): SystemPolicy {
  const Resource = ['acs:kms:*:*:*']
  return policy(
    policyName,
    'v1',
    `What ${product} needs to encrypt with keys of the account.`,
    { Action: ['kms:List*', 'kms:DescribeKey', 'kms:TagResource', 'kms:UntagResource'], Resource },
    {
      Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey'],
      Resource,
      Condition: { StringEqualsIgnoreCase: { [`kms:tag/${tag}`]: 'true' } },
    },
  )
}

const CRYPTO_USER = allow(
  'kms:Encrypt',
  'kms:Decrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:AsymmetricDecrypt',
  'kms:AsymmetricEncrypt',
  'kms:AsymmetricSign',
  'kms:AsymmetricVerify',
  'kms:GetPublicKey',
)

const SERVICE_LINKED_ROLES = {
  Action: ['ram:CreateServiceLinkedRole'],
  Resource: ['*'],
  Condition: {
    StringEquals: { 'ram:ServiceName': ['secretsmanager-rds.kms.aliyuncs.com', 'keystore.kms.aliyuncs.com'] },
  },
}

const POLICIES: readonly SystemPolicy[] = [
  policy('AdministratorAccess', 'v1', 'Everything on all resources.', allow('*')),
  policy(
    'ReadOnlyAccess',
    'v1',
    'Reading of all resources.',
    allow(
      '*:Describe*',
      '*:List*',
      '*:Get*',
      '*:BatchGet*',
      '*:Query*',
      '*:BatchQuery*',
      'actiontrail:LookupEvents',
      'dm:Desc*',
      'dm:SenderStatistics*',
    ),
  ),
  policy('AliyunKMSFullAccess', 'v3', 'Everything in the key service.', allow('kms:*'), SERVICE_LINKED_ROLES),
  policy(
    'AliyunKMSReadOnlyAccess',
    'v3',
    'Reading in the key service.',
    allow('kms:List*', 'kms:Describe*', 'kms:GetPublicKey', 'kms:GetKeyPolicy', 'kms:GetSecretPolicy'),
  ),
  policy('AliyunKMSCryptoUserAccess', 'v1', 'The use of keys, and nothing else.', CRYPTO_USER),
  policy('AliyunKMSCryptoAccess', 'v1', 'The use of keys, and nothing else (older name).', CRYPTO_USER),
  policy(
    'AliyunKMSCryptoAdminAccess',
    'v2',
    'Everything on keys and aliases.',
    { Action: ['kms:*'], Resource: ['acs:kms:*:*:key*', 'acs:kms:*:*:alias*'] },
    {
      Action: ['ecs:TagResources', 'ecs:UntagResources', 'ecs:ListTagResources'],
      Resource: ['acs:kms:*:*:key/*', 'acs:kms:*:*:secret/*'],
    },
  ),
  policy(
    'AliyunKMSSecretUserAccess',
    'v1',
    'Reading the values of secrets.',
    allow('kms:GetSecretValue'),
    allow('kms:DescribeSecret', 'kms:ListSecretVersionIds'),
  ),
  policy(
    'AliyunKMSSecretAdminAccess',
    'v5',
    'Everything on secrets.',
    { Action: ['kms:*'], Resource: ['acs:kms:*:*:secret*'] },
    allow('kms:GetRandomPassword'),
  ),
  policy('AliyunRAMFullAccess', 'v1', 'Everything in RAM.', allow('ram:*')),
  policy(
    'AliyunRAMReadOnlyAccess',
    'v3',
    'Reading in RAM.',
    allow('ram:Get*', 'ram:List*', 'ram:GenerateCredentialReport'),
    allow('accessanalyzer:Get*', 'accessanalyzer:List*'),
  ),
  policy('AliyunSTSAssumeRoleAccess', 'v1', 'Assuming roles that trust the caller.', allow('sts:AssumeRole')),
  policy('AliyunActionTrailFullAccess', 'v1', 'Everything in ActionTrail.', allow('actiontrail:*')),
  policy(
    'AliyunActionTrailReadOnlyAccess',
    'v1',
    'Reading in ActionTrail.',
    allow('actiontrail:Get*', 'actiontrail:List*', 'actiontrail:Describe*', 'actiontrail:LookupEvents'),
  ),
  policy('AliyunECSFullAccess', 'v1', 'Everything in the compute service.', allow('ecs:*')),
  policy(
    'AliyunGlobalAccelerationReadOnlyAccess',
    'v1',
    'Reading in the acceleration service.',
    allow('ga:Describe*', 'ga:Get*', 'ga:List*'),
  ),
  policy(
    'AliyunRDSGADReadOnlyAccess',
    'v1',
    'Reading of database clusters across regions.',
    allow('rds:Describe*', 'rds:List*'),
  ),
  encryptionRole('AliyunECSDiskEncryptRolePolicy', 'acs:ecs:disk-encryption', 'the compute service'),
  encryptionRole('AliyunRDSInstanceEncryptionRolePolicy', 'acs:rds:instance-encryption', 'the database service'),
]

/** By name in lower case, in the order of names. */
export const systemPolicies: ReadonlyMap<string, SystemPolicy> = new Map(
  POLICIES.map((policy): [string, SystemPolicy] => [policy.policyName.toLowerCase(), policy]).toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  ),
)

/** The creation date that system policies and their versions show, in milliseconds since 1970. */
export const SYSTEM_POLICY_DATE = Date.UTC(2019, 0, 1)
