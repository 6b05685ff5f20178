// The official RAM and STS clients, unmodified, and the command line, against the real program.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, describe, it } from 'node:test'
import { type Program, removeFolder, runProgram, startProgram } from './program.ts'

// The clients are CommonJS whose types describe another module system than the one they ship.
const require = createRequire(import.meta.url)
// biome-ignore lint/suspicious/noExplicitAny: an answer has the shape that its test asserts
type Body = any
type Client = { [method: string]: (request?: unknown) => Promise<{ body: Body }> }
type Constructor = new (config: unknown) => Client
type Module = Record<string, Constructor> & { default: Constructor }
const Ram = require('@alicloud/ram20150501') as Module
const Sts = require('@alicloud/sts20150401') as Module
const Kms = require('@alicloud/kms20160120') as Module
const OpenApi = require('@alicloud/openapi-client') as Module

interface Keys {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken?: string
}

function made(Class: Constructor | undefined, fields: unknown): Client {
  assert.ok(Class)
  return new Class(fields)
}

/** Calls a method of a typed client, such as createUser, with the members of its request. */
function clientOf(module: Module, { endpoint }: Program, keys: Keys) {
  const { host } = new URL(endpoint)
  const fields = {
    ...keys,
    endpoint: host,
    protocol: 'HTTP',
    regionId: 'cn-hangzhou',
    type: keys.securityToken ? 'sts' : 'access_key',
  }
  const client = made(module.default, module === Kms ? fields : made(OpenApi['Config'], fields))
  return async (method: string, members: Record<string, unknown> = {}): Promise<Body> => {
    const Request = module[`${method.charAt(0).toUpperCase()}${method.slice(1)}Request`]
    const answer = await (Request ? client[method]?.(made(Request, members)) : client[method]?.())
    return answer?.body ?? answer
  }
}

const refusedWith = (code: string) => (error: Body) => {
  // The older client's errors add a word to the code.
  assert.equal(String(error.code ?? error.data?.Code).replace(/Error$/, ''), code, String(error))
  return true
}

describe('acs:SecureTransport', () => {
  it('is true over TLS', async () => {
    const program = await startProgram({ flags: ['--tls', 'self-signed'] })
    const { accessKeyId, accessKeySecret } = program.credentials
    const env = { STRONGROOM_ENDPOINT: program.endpoint, STRONGROOM_CA_FILE: `${program.data}/tls/ca.pem` }
    const as = (id: string, secret: string) => async (args: readonly string[]) =>
      runProgram(args, { ...env, ALIBABA_CLOUD_ACCESS_KEY_ID: id, ALIBABA_CLOUD_ACCESS_KEY_SECRET: secret })
    const root = as(accessKeyId, accessKeySecret)
    const Statement = [
      { Effect: 'Allow', Action: 'kms:*', Resource: '*', Condition: { Bool: { 'acs:SecureTransport': 'true' } } },
    ]
    await root(['ram', 'CreateUser', '--UserName', 'u'])
    const policy = ['--PolicyName', 'tls', '--PolicyDocument', JSON.stringify({ Version: '1', Statement })]
    await root(['ram', 'CreatePolicy', ...policy])
    await root(['ram', 'AttachPolicyToUser', '--PolicyType', 'Custom', '--PolicyName', 'tls', '--UserName', 'u'])
    const { AccessKey } = JSON.parse((await root(['ram', 'CreateAccessKey', '--UserName', 'u'])).out)
    const listed = await as(AccessKey.AccessKeyId, AccessKey.AccessKeySecret)(['kms', 'ListKeys'])
    assert.equal(listed.code, 0, listed.err)
    await program.stop()
    removeFolder(program.data)
  })
})

describe('the official clients of RAM and STS', () => {
  let program: Program
  before(async () => {
    program = await startProgram()
  })
  after(async () => {
    await program.stop()
    removeFolder(program.data)
  })

  it('make users, policies and roles, and use what they make', async () => {
    const { accountId } = program.credentials
    const ram = clientOf(Ram, program, program.credentials)
    const { user } = await ram('createUser', { userName: 'dev', displayName: 'Developer' })
    assert.equal(user.userName, 'dev')
    await assert.rejects(ram('createUser', { userName: 'dev' }), refusedWith('EntityAlreadyExists.User'))
    const { accessKey } = await ram('createAccessKey', { userName: 'dev' })
    const dev: Keys = { accessKeyId: accessKey.accessKeyId, accessKeySecret: accessKey.accessKeySecret }
    const root = clientOf(Kms, program, program.credentials)
    const tags = JSON.stringify([{ TagKey: 'Project', TagValue: 'apollo' }])
    const apollo = (await root('createKey')).keyMetadata.keyId
    await root('tagResource', { keyId: apollo, tags })
    const plain = (await root('createKey')).keyMetadata.keyId
    const policyDocument = JSON.stringify({
      Version: '1',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:GenerateDataKey'],
          Resource: ['*'],
          Condition: { StringEqualsIgnoreCase: { 'kms:tag/Project': ['Apollo'] } },
        },
      ],
    })
    const { policy } = await ram('createPolicy', {
      policyName: 'apollo',
      policyDocument,
      tag: [{ key: 'team', value: 'a' }],
    })
    assert.deepEqual([policy.policyType, policy.defaultVersion], ['Custom', 'v1'])
    await ram('attachPolicyToUser', { policyType: 'Custom', policyName: 'apollo', userName: 'dev' })
    const kms = clientOf(Kms, program, dev)
    const { ciphertextBlob } = await kms('encrypt', { keyId: apollo, plaintext: 'secret' })
    assert.equal((await kms('decrypt', { ciphertextBlob })).plaintext, 'secret')
    await assert.rejects(kms('encrypt', { keyId: plain, plaintext: 'x' }), refusedWith('Forbidden.NoPermission'))
    await assert.rejects(clientOf(Ram, program, dev)('listUsers'), refusedWith('NoPermission'))
    const listed = await ram('listPolicies', { policyType: 'Custom' })
    assert.deepEqual({ ...listed.policies.policy[0].tags.tag[0] }, { tagKey: 'team', tagValue: 'a' })

    const assumeRolePolicyDocument = JSON.stringify({
      Version: '1',
      Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: [`acs:ram::${accountId}:root`] } }],
    })
    const { role } = await ram('createRole', { roleName: 'auditor', assumeRolePolicyDocument })
    const tagged = { resourceType: 'role', resourceNames: ['auditor'] }
    await ram('tagResources', { ...tagged, tag: [{ key: 'team', value: 'a' }] })
    const [row] = (await ram('listTagResources', tagged)).tagResources
    const expected = { resourceType: 'role', resourceName: 'auditor', tagKey: 'team', tagValue: 'a' }
    assert.deepEqual({ ...row }, expected)
    await ram('untagResources', { ...tagged, tagKeys: ['team'] })
    assert.deepEqual((await ram('listTagResources', tagged)).tagResources, [])
    await ram('attachPolicyToRole', {
      policyType: 'System',
      policyName: 'AliyunKMSReadOnlyAccess',
      roleName: 'auditor',
    })
    await ram('attachPolicyToUser', { policyType: 'System', policyName: 'AliyunSTSAssumeRoleAccess', userName: 'dev' })
    const sts = clientOf(Sts, program, dev)
    assert.equal((await sts('getCallerIdentity')).identityType, 'RAMUser')
    const { credentials } = await sts('assumeRole', { roleArn: role.arn, roleSessionName: 'today' })
    const session: Keys = {
      accessKeyId: credentials.accessKeyId,
      accessKeySecret: credentials.accessKeySecret,
      securityToken: credentials.securityToken,
    }
    const auditor = clientOf(Kms, program, session)
    assert.equal((await auditor('listKeys')).totalCount, 2)
    await assert.rejects(auditor('encrypt', { keyId: apollo, plaintext: 'x' }), refusedWith('Forbidden.NoPermission'))
    const identity = await clientOf(Sts, program, session)('getCallerIdentity')
    assert.equal(identity.arn, `acs:ram::${accountId}:assumed-role/auditor/today`)
    await assert.rejects(
      clientOf(Sts, program, { ...session, securityToken: 'x' })('getCallerIdentity'),
      refusedWith('InvalidSecurityToken.Malformed'),
    )
  })
})
