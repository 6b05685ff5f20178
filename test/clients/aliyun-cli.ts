// The aliyun CLI, unmodified: over HTTP and HTTPS, by every mode of its profiles that needs nothing of the cloud; and our command line by the file that it writes.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'
import {
  type Credentials,
  type Program,
  removeFolder,
  runProgram,
  startProgram,
  temporaryFolder,
} from '../acceptance/program.ts'
import { TestIssuer } from '../sts/issuer.ts'
import { installed } from './installed.ts'

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/clients.md', import.meta.url)), 'utf8')
const ALIYUN = installed('aliyun', 'STRONGROOM_TEST_ALIYUN')
const RAM = { Version: '2015-05-01' }

/** The page's commands of this name, one a line. */
function commands(name: string): string[] {
  const [, text] = new RegExp(`^\`\`\`sh ${name}\\n(.*?)^\`\`\`$`, 'ms').exec(PAGE) ?? []
  assert.ok(text, `docs/clients.md has no block ${name}`)
  return text.replaceAll('\\\n', '').trim().split('\n')
}

describe('the aliyun CLI', {
  skip: ALIYUN ? false : 'not run: no aliyun here (STRONGROOM_TEST_ALIYUN names one)',
}, () => {
  const folder = temporaryFolder()
  let [plain, secure]: [Program?, Program?] = []
  let issuer: TestIssuer
  let accountId = ''
  let user: Credentials

  const server = (isHttps: boolean) => {
    const program = isHttps ? secure : plain
    assert.ok(program)
    return program
  }
  const environment = () => ({
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    SSL_CERT_FILE: join(server(true).data, 'tls/ca.pem'),
  })
  const aliyun = (...args: string[]) => runProgram(args, environment(), ALIYUN ?? '')
  /** The answer to a call by the profile. */
  const called = async (args: string[], { isHttps = false, profile = 'strongroom' } = {}) => {
    const at = ['--endpoint', new URL(server(isHttps).endpoint).host, ...(isHttps ? [] : ['--insecure'])]
    const { code, out, err } = await aliyun(...args, '--profile', profile, ...at)
    assert.equal(code, 0, `${args.join(' ')}: ${out}${err}`)
    return JSON.parse(out)
  }
  const must = async (program: Program, action: string, parameters: Record<string, string>) => {
    const { status, body } = await program.call(action, parameters)
    assert.equal(status, 200, JSON.stringify(body))
    return body
  }
  /** The page's commands as its reader runs them, with the values of this test. */
  const asWritten = (name: string, values: Record<string, string>) => {
    const outs = commands(name).map((command) => {
      const text = Object.entries(values).reduce((words, [from, to]) => words.replaceAll(from, to), command)
      const { status, stdout, stderr } = spawnSync('sh', ['-c', text.replace(/\baliyun\b/, `'${ALIYUN}'`)], {
        env: environment(),
        cwd: folder,
        encoding: 'utf8',
      })
      assert.equal(status, 0, `${command}: ${stdout}${stderr}`)
      return stdout
    })
    return outs.at(-1) ?? ''
  }
  /** What this test has in place of the page's values; of roles, a user's AccessKey: the account assumes none. */
  const values = (isHttps: boolean, key = server(isHttps).credentials) => ({
    '127.0.0.1:7700': new URL(server(isHttps).endpoint).host,
    'data/tls/ca.pem': join(server(true).data, 'tls/ca.pem'),
    'LTAI-YOUR-ID': key.accessKeyId,
    'YOUR-SECRET': key.accessKeySecret,
    'YOUR-ACCOUNT': accountId,
  })

  before(async () => {
    issuer = await TestIssuer.start()
    const keys = join(folder, 'keys.json')
    writeFileSync(keys, JSON.stringify(issuer.keySet))
    writeFileSync(join(folder, 'token'), await issuer.token(Date.now()))
    // One account of two servers, so that one profile does for both.
    const env = {
      STRONGROOM_ACCOUNT_ID: '1234567890123456',
      STRONGROOM_ROOT_ACCESS_KEY_ID: 'LTAIaliyunCliTest',
      STRONGROOM_ROOT_ACCESS_KEY_SECRET: 'aliyunCliTestSecret',
    }
    accountId = env.STRONGROOM_ACCOUNT_ID
    const pinned = ['--oidc-pinned-keys', `${issuer.url()}=${keys}`]
    const regions = ['--region', 'cn-hangzhou,cn-beijing']
    plain = await startProgram({ data: join(folder, 'plain'), flags: regions, env })
    secure = await startProgram({
      data: join(folder, 'secure'),
      flags: ['--tls', 'self-signed', ...regions, ...pinned],
      env,
    })
    setDefaultCACertificates([readFileSync(join(secure.data, 'tls/ca.pem'), 'utf8')])
    await must(secure, 'CreateOIDCProvider', {
      Version: '2019-08-15',
      ...{ OIDCProviderName: 'cluster-1', IssuerUrl: issuer.url(), ClientIds: 'sts.aliyuncs.com' },
    })
    const RAMs = [`acs:ram::${accountId}:root`]
    const Federated = [`acs:ram::${accountId}:oidc-provider/cluster-1`]
    const Condition = { StringEquals: { 'oidc:sub': 'system:serviceaccount:default:app' } }
    const Statement = [
      { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: RAMs } },
      { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Federated }, Condition },
    ]
    const trust = { AssumeRolePolicyDocument: JSON.stringify({ Version: '1', Statement }) }
    for (const RoleName of ['app', 'next']) {
      await must(secure, 'CreateRole', { ...RAM, RoleName, ...trust })
      for (const PolicyName of ['AliyunKMSFullAccess', 'AliyunSTSAssumeRoleAccess'])
        await must(secure, 'AttachPolicyToRole', { ...RAM, RoleName, PolicyName, PolicyType: 'System' })
    }
    const grace = { ...RAM, UserName: 'grace' }
    await must(secure, 'CreateUser', grace)
    await must(secure, 'AttachPolicyToUser', {
      ...grace,
      PolicyName: 'AliyunSTSAssumeRoleAccess',
      PolicyType: 'System',
    })
    const { AccessKey } = await must(secure, 'CreateAccessKey', grace)
    user = { accountId, accessKeyId: AccessKey.AccessKeyId, accessKeySecret: AccessKey.AccessKeySecret }
    asWritten('aliyun-access-key', values(false))
    asWritten('aliyun-role', values(true, user))
  })
  after(async () => {
    await plain?.stop()
    await secure?.stop()
    await issuer?.[Symbol.asyncDispose]()
    removeFolder(folder)
  })

  it('calls the server as the page says, over HTTP and HTTPS', () => {
    asWritten('aliyun-http', values(false))
    asWritten('aliyun-https', values(true))
  })

  for (const isHttps of [false, true])
    it(`encrypts and decrypts in its own region over ${isHttps ? 'HTTPS' : 'HTTP'}`, async () => {
      const { KeyMetadata } = await called(['kms', 'CreateKey', '--Description', 'by aliyun'], { isHttps })
      assert.match(KeyMetadata.Arn, /^acs:kms:cn-beijing:/)
      const context = ['--EncryptionContext', '{"app":"shop"}']
      const what = ['--KeyId', KeyMetadata.KeyId, '--Plaintext', 'aGVsbG8=', ...context]
      const { CiphertextBlob } = await called(['kms', 'Encrypt', ...what], { isHttps })
      const { Plaintext } = await called(['kms', 'Decrypt', '--CiphertextBlob', CiphertextBlob, ...context], {
        isHttps,
      })
      assert.equal(Plaintext, 'aGVsbG8=')
    })

  it('calls RAM, STS, ActionTrail and Ims', async () => {
    await called(['ram', 'CreateUser', '--UserName', 'ada'])
    const document = JSON.stringify({
      Version: '1',
      Statement: [{ Effect: 'Allow', Action: 'kms:List*', Resource: '*' }],
    })
    await called(['ram', 'CreatePolicy', '--PolicyName', 'readers', '--PolicyDocument', document])
    const attached = ['--PolicyType', 'Custom', '--PolicyName', 'readers', '--UserName', 'ada']
    await called(['ram', 'AttachPolicyToUser', ...attached])
    const { Policies } = await called(['ram', 'ListPoliciesForUser', '--UserName', 'ada'])
    assert.deepEqual(
      Policies.Policy.map((policy: { PolicyName: string }) => policy.PolicyName),
      ['readers'],
    )
    assert.equal((await called(['sts', 'GetCallerIdentity'])).AccountId, accountId)
    const { Events } = await called(['actiontrail', 'LookupEvents', '--MaxResults', '50'])
    const [event] = Events.filter((one: { eventName: string }) => one.eventName === 'AttachPolicyToUser')
    assert.match(event.userAgent, /Aliyun-CLI/)
    assert.equal((await called(['ims', 'GetPasswordPolicy'])).PasswordPolicy.MinimumPasswordLength, 8)
  })

  it('lists all pages, selects by an expression, prints a table, and waits', async () => {
    for (let key = 0; key < 3; key++) await called(['kms', 'CreateKey'])
    const { TotalCount } = await called(['kms', 'ListKeys'])
    const all = asWritten('aliyun-pages', { ...values(false), '--PageSize 100': '--PageSize 2' })
    assert.equal(JSON.parse(all).Keys.Key.length, TotalCount)
    const id = await called(['kms', 'ListKeys', '--cli-query', 'Keys.Key[0].KeyId'])
    assert.match(id, /^[0-9a-f-]{36}$/)
    const waiter = ['--waiter', 'expr=KeyMetadata.KeyState', 'to=Enabled']
    assert.equal((await called(['kms', 'DescribeKey', '--KeyId', id, ...waiter])).KeyMetadata.KeyId, id)
    const at = ['--profile', 'strongroom', '--insecure', '--endpoint', new URL(server(false).endpoint).host]
    const table = await aliyun('kms', 'ListKeys', '--output', 'cols=KeyId', 'rows=Keys.Key[]', ...at)
    assert.match(table.out, new RegExp(`^KeyId\\n-+\\n[^]*${id}`))
  })

  it('shows a refusal with the page that explains it', async () => {
    const at = ['--profile', 'strongroom', '--insecure', '--endpoint', new URL(server(false).endpoint).host]
    const { code, err } = await aliyun('kms', 'GetSecretValue', '--SecretName', 'none', ...at)
    assert.equal(code, 1)
    assert.match(
      err,
      /ErrorCode: Forbidden\.ResourceNotFound\nRecommend: http.*\/docs\/errors#forbiddenresourcenotfound/,
    )
  })

  describe('authenticates by a profile of the mode', () => {
    const callerOf = async (profile: string) =>
      (await called(['sts', 'GetCallerIdentity'], { isHttps: true, profile })).Arn
    const configured = async (profile: string, mode: string, ...flags: string[]) => {
      const { code, err } = await aliyun(
        ...['configure', 'set', '--profile', profile, '--mode', mode, '--region', 'cn-beijing', ...flags],
      )
      assert.equal(code, 0, err)
    }
    const session = async (name: string) => {
      await configured('user', 'AK', '--access-key-id', user.accessKeyId, '--access-key-secret', user.accessKeySecret)
      const args = ['--RoleArn', `acs:ram::${accountId}:role/app`, '--RoleSessionName', name]
      return await called(['sts', 'AssumeRole', ...args], { isHttps: true, profile: 'user' })
    }
    const stsEndpoint = () => ['--sts-endpoint', new URL(server(true).endpoint).host]
    const role = (name: string) => [
      '--ram-role-arn',
      `acs:ram::${accountId}:role/${name}`,
      '--role-session-name',
      'cli',
    ]

    it('StsToken', async () => {
      const { Credentials } = await session('taken')
      asWritten('aliyun-session', {
        'STS.ID': Credentials.AccessKeyId,
        '--access-key-secret SECRET': `--access-key-secret ${Credentials.AccessKeySecret}`,
        TOKEN: Credentials.SecurityToken,
      })
      assert.equal(await callerOf('strongroom-session'), `acs:ram::${accountId}:assumed-role/app/taken`)
    })

    it('RamRoleArn', async () => {
      assert.equal(await callerOf('strongroom-role'), `acs:ram::${accountId}:assumed-role/app/cli`)
    })

    it('ChainableRamRoleArn', async () => {
      const source = ['--source-profile', 'strongroom-role']
      await configured('chained', 'ChainableRamRoleArn', ...source, ...role('next'), ...stsEndpoint())
      assert.equal(await callerOf('chained'), `acs:ram::${accountId}:assumed-role/next/cli`)
    })

    it('OIDC', async () => {
      const provider = ['--oidc-provider-arn', `acs:ram::${accountId}:oidc-provider/cluster-1`]
      const token = ['--oidc-token-file', join(folder, 'token')]
      await configured('pod', 'OIDC', ...provider, ...token, ...role('app'), ...stsEndpoint())
      assert.equal(await callerOf('pod'), `acs:ram::${accountId}:assumed-role/app/cli`)
    })

    it('External', async () => {
      const { accessKeyId, accessKeySecret } = server(true).credentials
      const file = join(folder, 'external.json')
      const printed = {
        mode: 'AK',
        access_key_id: accessKeyId,
        access_key_secret: accessKeySecret,
        region_id: 'cn-beijing',
      }
      writeFileSync(file, JSON.stringify(printed))
      await configured('external', 'External', '--process-command', `cat ${file}`)
      assert.equal(await callerOf('external'), `acs:ram::${accountId}:root`)
    })

    it('CredentialsURI', async () => {
      const { Credentials } = await session('from-uri')
      const uri = createServer((_, response) => response.end(JSON.stringify({ Code: 'Success', ...Credentials })))
      uri.listen(0, '127.0.0.1')
      await once(uri, 'listening')
      try {
        // `configure set` has no flag for it, and `configure` asks a terminal.
        const file = join(folder, '.aliyun/config.json')
        const configuration = JSON.parse(readFileSync(file, 'utf8'))
        const credentials_uri = `http://127.0.0.1:${(uri.address() as AddressInfo).port}/`
        const profile = { name: 'uri', mode: 'CredentialsURI', credentials_uri, region_id: 'cn-beijing' }
        configuration.profiles.push({ ...profile, output_format: 'json', language: 'en' })
        writeFileSync(file, JSON.stringify(configuration))
        assert.equal(await callerOf('uri'), `acs:ram::${accountId}:assumed-role/app/from-uri`)
      } finally {
        uri.closeAllConnections()
        uri.close()
      }
    })
  })

  it('writes profiles that strongroom reads', async () => {
    const ca = { STRONGROOM_CA_FILE: environment().SSL_CERT_FILE }
    const arns = { strongroom: 'root', 'strongroom-role': 'assumed-role/app/cli' }
    for (const [profile, caller] of Object.entries(arns)) {
      const host = new URL(server(true).endpoint).host
      const { code, err } = await aliyun('configure', 'set', '--profile', profile, '--endpoint', host)
      assert.equal(code, 0, err)
      const args = ['sts', 'GetCallerIdentity', '--profile', profile, '--print', 'Arn']
      const ours = await runProgram(args, { ...environment(), ...ca })
      assert.equal(ours.out.trim(), `acs:ram::${accountId}:${caller}`, ours.err)
    }
    const { out } = await runProgram(['kms', 'CreateKey', '--profile', 'strongroom'], { ...environment(), ...ca })
    assert.match(JSON.parse(out).KeyMetadata.Arn, /^acs:kms:cn-beijing:/)
  })
})
