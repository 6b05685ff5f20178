// One of each page, over data of every kind, hostile texts among them.

import { call } from '../../acceptance/program.ts'
import type { Desk } from './desk.ts'

const HOSTILE = `<img src=x onerror="document.title='broken'">"'\${1}{{1}}`
const TRUST = (account: string) =>
  `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::${account}:root"]}}]}`
const DOCUMENT =
  '{"Version":"1","Statement":[{"Effect":"Allow","Action":["kms:Encrypt","kms:Decrypt"],"Resource":["*"]}]}'

/** Puts something on every page, and returns their paths by name. */
export async function everyPage({ program }: Desk): Promise<Readonly<Record<string, string>>> {
  const must = async (action: string, parameters: Record<string, string> = {}) => {
    const ram = /User|Group|Role|Policy|AccessKey/.test(action) ? { Version: '2015-05-01' } : {}
    const { status, body } = await call(
      program.endpoint,
      program.credentials,
      action,
      { ...ram, ...parameters },
      Date.now(),
    )
    if (status !== 200) throw new Error(`${action}: ${JSON.stringify(body)}`)
    return body
  }
  const key = (
    await must('CreateKey', { Description: 'Protects orders', Tags: '[{"TagKey":"Project","TagValue":"Apollo"}]' })
  ).KeyMetadata.KeyId
  await must('CreateAlias', { KeyId: key, AliasName: 'alias/orders' })
  const { CiphertextBlob } = await must('Encrypt', { KeyId: key, Plaintext: 'aGVsbG8=' })
  await must('Decrypt', { CiphertextBlob })
  const external = (await must('CreateKey', { Origin: 'EXTERNAL', Description: HOSTILE })).KeyMetadata.KeyId
  const doomed = (await must('CreateKey', { Description: 'No longer used' })).KeyMetadata.KeyId
  await must('ScheduleKeyDeletion', { KeyId: doomed, PendingWindowInDays: '7' })
  const signer = (await must('CreateKey', { KeySpec: 'EC_P256', Description: 'Signs releases' })).KeyMetadata.KeyId
  const secret = { VersionId: 'v1', SecretData: HOSTILE, Description: HOSTILE }
  await must('CreateSecret', { ...secret, SecretName: 'orders/db', Tags: '[{"TagKey":"Project","TagValue":"Apollo"}]' })
  await must('PutSecretValue', { SecretName: 'orders/db', VersionId: HOSTILE.slice(0, 64), SecretData: 'second' })
  await must('CreateSecret', { ...secret, SecretName: 'no.longer', EncryptionKeyId: key })
  await must('DeleteSecret', { SecretName: 'no.longer' })
  await must('CreateUser', { UserName: 'anna', DisplayName: 'Anna Lind', Comments: HOSTILE })
  await must('CreateUser', { UserName: 'deploy.bot' })
  const { AccessKey } = await must('CreateAccessKey', { UserName: 'deploy.bot' })
  await must('CreateSecret', {
    SecretName: '$Auto',
    VersionId: 'v1',
    SecretType: 'RAMCredentials',
    SecretData: JSON.stringify({ AccessKeys: [{ AccessKeyId: AccessKey.AccessKeyId, AccessKeySecret: 'x' }] }),
    ExtendedConfig: '{"SecretSubType":"RamUserAccessKey","UserName":"deploy.bot"}',
    EnableAutomaticRotation: 'true',
    RotationInterval: '30d',
  })
  await must('CreateGroup', { GroupName: 'operators', Comments: HOSTILE })
  await must('AddUserToGroup', { UserName: 'anna', GroupName: 'operators' })
  await must('CreatePolicy', { PolicyName: 'orders-encrypt', PolicyDocument: DOCUMENT, Description: HOSTILE })
  await must('AttachPolicyToUser', { PolicyType: 'Custom', PolicyName: 'orders-encrypt', UserName: 'anna' })
  await must('AttachPolicyToGroup', { PolicyType: 'System', PolicyName: 'AliyunKMSFullAccess', GroupName: 'operators' })
  await must('CreateRole', {
    RoleName: 'backup',
    Description: HOSTILE,
    AssumeRolePolicyDocument: TRUST(program.credentials.accountId),
  })
  await must('CreateOIDCProvider', {
    Version: '2019-08-15',
    OIDCProviderName: 'cluster-1',
    IssuerUrl: 'https://oidc.example.com/cluster-1',
    ClientIds: 'sts.aliyuncs.com,ci',
    Description: HOSTILE,
  })
  const bucket = { Version: '2020-07-06', OssBucketName: 'audit-copies' }
  await must('CreateTrail', { ...bucket, Name: 'audit-copy' })
  await must('StartEventVerification', { Version: bucket.Version })
  const region = '/cn-hangzhou'
  return {
    overview: `${region}/overview`,
    keys: `${region}/keys`,
    'create-key': `${region}/keys/create`,
    'key-details': `${region}/keys/${key}/details`,
    'key-versions': `${region}/keys/${key}/versions`,
    'key-pair-versions': `${region}/keys/${signer}/versions`,
    'key-material': `${region}/keys/${external}/material`,
    'key-access': `${region}/keys/${key}/access`,
    'key-events': `${region}/keys/${key}/events`,
    'key-pending-deletion': `${region}/keys/${doomed}/details`,
    'key-hostile': `${region}/keys/${external}/details`,
    import: `${region}/keys/${external}/import`,
    secrets: `${region}/secrets`,
    'create-secret': `${region}/secrets/create`,
    'secret-details': `${region}/secrets/orders%2Fdb/details`,
    'secret-versions': `${region}/secrets/orders%2Fdb/versions`,
    'secret-events': `${region}/secrets/orders%2Fdb/events`,
    'secret-in-window': `${region}/secrets/no.longer/details`,
    'secret-rotated': `${region}/secrets/acs%2Fram%2Fuser%2Fdeploy.bot/details`,
    cryptography: `${region}/cryptography/encrypt`,
    'cryptography-sign': `${region}/cryptography/sign?key=${signer}`,
    hsm: `${region}/hsm`,
    events: `${region}/events`,
    trails: `${region}/trails`,
    users: '/ram/users',
    user: '/ram/users/anna/details',
    'user-authentication': '/ram/users/anna/authentication',
    'user-accesskeys': '/ram/users/deploy.bot/accesskeys',
    'user-groups': '/ram/users/anna/groups',
    'user-permissions': '/ram/users/anna/permissions',
    groups: '/ram/groups',
    group: '/ram/groups/operators/members',
    roles: '/ram/roles',
    role: '/ram/roles/backup/details',
    'command-line': `/command-line?${new URLSearchParams({ name: HOSTILE.slice(0, 64), port: '9', state: 'x'.repeat(22), challenge: 'x'.repeat(43) })}`,
    'command-line-end': '/command-line?end=done',
    device: '/device',
    'oidc-providers': '/ram/oidc-providers',
    'oidc-provider': '/ram/oidc-providers/cluster-1/details',
    'role-trust': '/ram/roles/backup/trust',
    policies: '/ram/policies',
    policy: '/ram/policies/Custom/orders-encrypt/document',
    'policy-versions': '/ram/policies/Custom/orders-encrypt/versions',
    'create-policy': '/ram/policies/create',
    simulator: '/ram/simulator',
    settings: '/ram/settings',
    missing: '/no/such/page',
  }
}
