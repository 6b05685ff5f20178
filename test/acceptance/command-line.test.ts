// The command line as a process, and beside a server that is none of ours. What each verb prints is in test/transcripts.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { kmsOperations } from '../../src/kms/operations.ts'
import { runHere } from './line.ts'
import { type Program, removeFolder, runProgram, startProgram, temporaryFolder } from './program.ts'

let program: Program
before(async () => {
  program = await startProgram({ flags: ['--tls', 'self-signed'] })
})
after(async () => {
  await program.stop()
  removeFolder(program.data)
})

function environment(): Record<string, string> {
  const { accessKeyId, accessKeySecret } = program.credentials
  return {
    STRONGROOM_ENDPOINT: program.endpoint,
    STRONGROOM_CA_FILE: join(program.data, 'tls/ca.pem'),
    ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
  }
}

function kms(...args: string[]) {
  return runProgram(['kms', ...args], environment())
}

describe('strongroom secret get', () => {
  it('prints on a terminal only with --show, and then a line', async () => {
    const env = environment()
    const secret = ['--SecretName', 'shown', '--VersionId', 'v1', '--SecretData', 'hunter2']
    const made = await runHere(['kms', 'CreateSecret', ...secret], env)
    assert.equal(made.code, 0, made.err)
    const refused = await runHere(['secret', 'get', 'shown'], env, true)
    assert.deepEqual([refused.code, refused.out], [2, ''])
    assert.match(refused.err, /not printed on a terminal: write it to a file or a pipe, or say --show/)
    const shown = await runHere(['secret', 'get', 'shown', '--show'], env, true)
    assert.deepEqual([shown.code, shown.out], [0, 'hunter2\n'])
    assert.equal((await runHere(['secret', 'get', 'shown'], env)).out, 'hunter2')
  })
})

describe('profiles of the aliyun CLI', () => {
  const home = temporaryFolder()
  const configuration = join(home, '.aliyun/config.json')
  /** Without credentials in the environment, and in a folder without a database. */
  const sts = (...args: string[]) => {
    const { STRONGROOM_CA_FILE = '' } = environment()
    const none = { ALIBABA_CLOUD_ACCESS_KEY_ID: '', ALIBABA_CLOUD_ACCESS_KEY_SECRET: '', STRONGROOM_ENDPOINT: '' }
    return runHere(['sts', 'GetCallerIdentity', ...args], {
      HOME: home,
      XDG_CACHE_HOME: '',
      STRONGROOM_CA_FILE,
      ...none,
    })
  }
  const own = () => ({
    access_key_id: program.credentials.accessKeyId,
    access_key_secret: program.credentials.accessKeySecret,
    endpoint: program.endpoint.replace('https://', ''),
    region_id: 'cn-beijing',
  })

  before(async () => {
    mkdirSync(join(home, '.aliyun'))
    const trust = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::${program.credentials.accountId}:root"]}}]}`
    const ram = (...args: string[]) => runHere(['ram', ...args], environment())
    assert.equal((await ram('CreateUser', '--UserName', 'profiled')).code, 0)
    const rights = ['AttachPolicyToUser', '--PolicyType', 'System', '--PolicyName', 'AliyunSTSAssumeRoleAccess']
    assert.equal((await ram(...rights, '--UserName', 'profiled')).code, 0)
    assert.equal((await ram('CreateRole', '--RoleName', 'operator', '--AssumeRolePolicyDocument', trust)).code, 0)
    const made = await ram('CreateAccessKey', '--UserName', 'profiled')
    const { AccessKeyId, AccessKeySecret } = JSON.parse(made.out).AccessKey
    const role = {
      ...{ ...own(), name: 'role', mode: 'RamRoleArn', access_key_id: AccessKeyId, access_key_secret: AccessKeySecret },
      ...{ ram_role_arn: `acs:ram::${program.credentials.accountId}:role/operator`, ram_session_name: 'me' },
    }
    const profiles = [{ ...own(), name: 'main', mode: 'AK' }, role, { ...own(), name: 'vm', mode: 'EcsRamRole' }]
    writeFileSync(configuration, JSON.stringify({ current: 'main', profiles, meta_path: '' }))
  })

  it('sign, and say the endpoint and the region, where nothing else has credentials', async () => {
    const { code, out, err } = await sts('--print', 'Arn')
    assert.deepEqual([code, out, err], [0, `acs:ram::${program.credentials.accountId}:root\n`, ''])
    const env = { HOME: home, STRONGROOM_CA_FILE: environment()['STRONGROOM_CA_FILE'] ?? '' }
    const made = await runHere(['kms', 'CreateKey', '--profile', 'main', '--print', 'KeyMetadata.Arn'], env)
    assert.match(made.out, /^acs:kms:cn-beijing:/, made.err)
  })

  it('assume a role once, and keep its session in a file of the user alone', async () => {
    const first = await sts('--profile', 'role')
    assert.match(first.out, /:assumed-role\/operator\/me"/, first.err)
    const folder = join(home, '.cache/strongroom')
    const [file = '', ...others] = readdirSync(folder)
    const kept = join(folder, file)
    assert.deepEqual([others, statSync(kept).mode & 0o777, statSync(folder).mode & 0o777], [[], 0o600, 0o700])
    const { accessKeyId } = JSON.parse(readFileSync(kept, 'utf8'))
    assert.equal((await sts('--profile', 'role')).code, 0)
    assert.equal(JSON.parse(readFileSync(kept, 'utf8')).accessKeyId, accessKeyId)
    // One that others may have read, or that ends soon, is replaced.
    chmodSync(kept, 0o644)
    assert.equal((await sts('--profile', 'role')).code, 0)
    const second = JSON.parse(readFileSync(kept, 'utf8'))
    assert.notEqual(second.accessKeyId, accessKeyId)
    writeFileSync(kept, JSON.stringify({ ...second, expiration: new Date(Date.now() + 60_000).toISOString() }))
    assert.equal((await sts('--profile', 'role')).code, 0)
    assert.notEqual(JSON.parse(readFileSync(kept, 'utf8')).accessKeyId, second.accessKeyId)
  })

  it('are refused by name: unknown ones, and modes that are not supported', async () => {
    const unknown = await sts('--profile', 'mian')
    assert.deepEqual([unknown.code, /has no profile `mian` \(did you mean main\?\)/.test(unknown.err)], [2, true])
    const unsupported = await sts('--profile', 'vm')
    assert.equal(unsupported.code, 2)
    assert.match(unsupported.err, /the mode EcsRamRole, which is not supported: AK, StsToken and RamRoleArn are/)
  })
})

describe('strongroom kms', () => {
  it('prints, complains and ends as its verbs do in the process of a test', async () => {
    const lines = [['--version'], ['srve'], [], ['kms', 'ListKeys', '--data', '/nonexistent'], ['kms', '--help']]
    for (const line of lines) assert.deepEqual(await runProgram(line), await runHere(line), line.join(' '))
    const refused = await kms('DescribeKey', '--KeyId', 'nope')
    assert.deepEqual([refused.code, refused.out], [1, ''])
    assert.match(refused.err, /^strongroom: Forbidden\.KeyNotFound: .*\n$/)
    assert.match((await kms('CreateKey', '--print', 'KeyMetadata.KeyId')).out, /^[0-9a-f-]{36}\n$/)
  })

  it('says so when the server is no Strongroom, or speaks another protocol', async () => {
    const answers: Record<string, [number, string, string]> = {
      '/html': [200, 'text/html', '<html>welcome</html>'],
      '/json': [200, 'application/json', '{"status":"ok"}'],
      '/list': [200, 'application/json', '[]'],
      '/error': [404, 'application/json', '{"error":"not found"}'],
    }
    let answer = answers['/html']
    const server = createServer((_, response) => {
      const [status, type, body] = answer ?? [500, '', '']
      response.writeHead(status, { 'content-type': type }).end(body)
    })
    try {
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const listKeys = (at: string) =>
        runProgram(['kms', 'ListKeys', '--endpoint', at, '--data', program.data]).then(({ code, err }) => [code, err])
      for (const [status, type, body] of Object.values(answers)) {
        answer = [status, type, body]
        const said = `strongroom: ${endpoint} is no Strongroom: it answered ${status} with ${type}; say where yours is with --endpoint or STRONGROOM_ENDPOINT\n`
        assert.deepEqual(await listKeys(endpoint), [1, said])
      }
      const tls = endpoint.replace('http', 'https')
      assert.deepEqual(await listKeys(tls), [
        1,
        `strongroom: ${tls} does not speak HTTPS: try ${endpoint}, or another port\n`,
      ])
      const [code, err] = await listKeys(program.endpoint)
      assert.deepEqual(
        [code, /is of no authority that is trusted here.*--ca-file/.test(String(err))],
        [1, true],
        String(err),
      )
      const plain = program.endpoint.replace('https', 'http')
      const wrong = await listKeys(plain)
      assert.deepEqual([wrong[0], String(wrong[1]).includes(program.endpoint)], [1, true], String(wrong[1]))
    } finally {
      server.close()
    }
  })

  it('lists the operations and the parameters of each, from their declarations', async () => {
    const { code, out } = await runHere(['kms', '--help'])
    assert.equal(code, 0)
    for (const { name, summary } of kmsOperations) assert.ok(out.includes(`${name} `) && out.includes(summary), name)
    for (const { name, parameters } of kmsOperations) {
      const help = await runHere(['kms', name, '--help'])
      assert.equal(help.code, 0)
      for (const [parameter, { rule }] of Object.entries(parameters)) {
        assert.ok(help.out.includes(`--${parameter}`))
        assert.ok(help.out.includes(rule))
      }
    }
    for (const verb of ['serve', 'account']) assert.match((await runHere([verb, '--help'])).out, /usage: strongroom/)
  })
})
