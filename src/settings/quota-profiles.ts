// Named sets of limits. `alibaba-shared` has the limits that the cloud publishes for accounts without a dedicated instance
// (docs/running.md).
import { ACTIONTRAIL, KMS, type Product, STS } from '../api/product.ts'
import type { RateGroup } from './rates.ts'

export interface QuotaProfile {
  readonly quotas: Partial<Readonly<Record<'max-keys' | 'max-aliases' | 'max-secrets', number>>>
  readonly rates: readonly RateGroup[]
}

function perSecondOf(product: Product, calls: number, operations: readonly string[]): RateGroup {
  return { product: product.name, operations, calls, seconds: 1, perRegion: product.hasRegionalRates }
}

function perSecond(calls: number, ...operations: readonly string[]): RateGroup {
  return perSecondOf(KMS, calls, operations)
}

const ALIBABA_SHARED: readonly RateGroup[] = [
  perSecond(
    50,
    'GetParametersForImport',
    'DescribeKey',
    'ListKeys',
    'DescribeKeyVersion',
    'ListKeyVersions',
    'GetPublicKey',
    'ListAliases',
    'ListAliasesByKeyId',
    'ListTagResources',
    'DescribeRegions',
  ),
  perSecond(300, 'ListResourceTags'),
  perSecond(10, 'CreateKey'),
  perSecond(
    30,
    'ImportKeyMaterial',
    'EnableKey',
    'DisableKey',
    'SetDeletionProtection',
    'ScheduleKeyDeletion',
    'CancelKeyDeletion',
    'DeleteKeyMaterial',
    'UpdateKeyDescription',
    'UpdateRotationPolicy',
    'CreateAlias',
    'UpdateAlias',
    'DeleteAlias',
    'TagResource',
    'UntagResource',
    'TagResources',
    'UntagResources',
  ),
  perSecond(1000, 'Encrypt', 'Decrypt', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext'),
  perSecond(750, 'ReEncrypt'),
  perSecond(750, 'ExportDataKey'),
  perSecond(750, 'GenerateAndExportDataKey'),
  perSecond(200, 'AsymmetricSign', 'AsymmetricVerify', 'AsymmetricEncrypt', 'AsymmetricDecrypt'),
  perSecond(10, 'CreateSecret', 'DeleteSecret'),
  perSecond(450, 'DescribeSecret', 'GetSecretValue'),
  perSecond(
    40,
    'ListSecrets',
    'ListSecretVersionIds',
    'PutSecretValue',
    'UpdateSecret',
    'UpdateSecretVersionStage',
    'GetRandomPassword',
    'UpdateSecretRotationPolicy',
    'RestoreSecret',
  ),
  { ...perSecond(50, 'RotateSecret'), seconds: 3600 },
  perSecond(1, 'OpenKmsService', 'DescribeAccountKmsStatus', 'DescribeService'),
  // The cloud has no such operations.
  perSecond(10, 'DescribeAccountQuotas', 'InspectHsm', 'ListDueKeys'),
  perSecondOf(STS, 100, ['AssumeRole']),
  // Anybody can send it: its limit is its own.
  perSecondOf(STS, 100, ['AssumeRoleWithOIDC']),
  perSecondOf(ACTIONTRAIL, 2, ['LookupEvents']),
]

export const QUOTA_PROFILES: ReadonlyMap<string, QuotaProfile> = new Map([
  ['alibaba-shared', { quotas: { 'max-keys': 200, 'max-aliases': 300 }, rates: ALIBABA_SHARED }],
])
