// The command line as a process, and beside a server that is none of ours. What each verb prints is in test/transcripts.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readProfile } from '../../src/cli/profile.ts'
import type { Surroundings } from '../../src/cli/surroundings.ts'
import { IMPORT_ALGORITHMS } from '../../src/cryptography/wrap.ts'
import { kmsOperations } from '../../src/kms/operations.ts'
import { makeToken, PIN } from '../keystore/pkcs11/tokens.ts'
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
  it('prints on a terminal only with --show, and ends the line there', async () => {
    const env = environment()
    const secret = ['--SecretName', 'shown', '--VersionId', 'v1', '--SecretData', 'hunter2']
    const made = await runHere(['kms', 'CreateSecret', ...secret], env)
    assert.equal(made.code, 0, made.err)
    const refused = await runHere(['secret', 'get', 'shown'], env, true)
    assert.deepEqual([refused.code, refused.out], [2, ''])
    assert.match(refused.err, /not printed on a terminal: write it to a file or a pipe, or use --show/)
    const shown = await runHere(['secret', 'get', 'shown', '--show'], env, true)
    assert.deepEqual([shown.code, shown.out], [0, 'hunter2\n'])
    assert.equal((await runHere(['secret', 'get', 'shown'], env)).out, 'hunter2')
  })
})

describe('strongroom import-key', () => {
  const external = async () =>
    (
      await runHere(['kms', 'CreateKey', '--Origin', 'EXTERNAL', '--print', 'KeyMetadata.KeyId'], environment())
    ).out.trim()

  it('imports by every algorithm, raw and through a pipe, so that the same material is the same key', async () => {
    const [key, material] = [await external(), randomBytes(32)]
    const path = join(temporaryFolder(), 'material')
    writeFileSync(path, material)
    const words = ['import-key', '--key', key, '--material']
    for (const algorithm of IMPORT_ALGORITHMS) {
      const { code, out, err } = await runHere([...words, path, '--algorithm', algorithm], environment())
      assert.deepEqual([code, err, JSON.parse(out || '{}').WrappingAlgorithm], [0, '', algorithm])
    }
    const chunks = [Buffer.from(material.subarray(0, 5)), Buffer.from(material.subarray(5))]
    assert.equal((await runHere([...words, '-'], environment(), false, chunks)).code, 0)
    assert.ok(
      chunks.every((chunk) => chunk.every((byte) => byte === 0)),
      'what came through the pipe is wiped',
    )
    const other = await runHere([...words, '-'], environment(), false, [randomBytes(32)])
    assert.deepEqual([other.code, /InvalidKeyMaterial/.test(other.err)], [1, true], other.err)
  })

  it('has a token wrap its key, and says why a token can not', async () => {
    using token = makeToken('SoftHSM2')
    const make = (...args: string[]) =>
      execFileSync(
        'pkcs11-tool',
        [...['--module', token.module, '--token-label', token.label, '--login', '--pin', PIN], '--keygen', ...args],
        { env: { ...process.env, ...token.env }, stdio: 'pipe' },
      )
    make('--key-type', 'AES:32', '--label', 'mine', '--id', '0a', '--sensitive', '--extractable')
    make('--key-type', 'AES:16', '--label', 'short', '--extractable')
    make('--key-type', 'AES:32', '--label', 'fixed', '--sensitive')
    const key = await external()
    const from = async (attributes: string, algorithm: string) => {
      const query = `?module-path=${token.module}&pin-source=file:${token.pinFile}`
      const material = `pkcs11:token=${encodeURIComponent(token.label)};${attributes}${query}`
      const words = ['import-key', '--key', key, '--material', material, '--algorithm', algorithm]
      const { code, out, err } = await runProgram(words, { ...environment(), ...token.env })
      return [code, out === '' ? err : JSON.parse(out).KeyId] as const
    }
    assert.deepEqual(await from('object=mine', 'RSAES_OAEP_SHA_1'), [0, key])
    assert.deepEqual(await from('id=%0a;type=secret-key', 'RSAES_OAEP_SHA_1'), [0, key])
    const refusals = [
      [
        'object=mine',
        'RSAES_OAEP_SHA_256',
        /does not wrap this key with CKM_RSA_PKCS_OAEP with SHA-256: .*another --algorithm/,
      ],
      ['object=short', 'RSAES_OAEP_SHA_1', /has 16 bytes, and the CMK needs 32/],
      ['object=fixed', 'RSAES_OAEP_SHA_1', /does not let this key out: it was made with CKA_EXTRACTABLE false/],
      ['object=none', 'RSAES_OAEP_SHA_1', /no secret key that matches the URI/],
    ] as const
    for (const [attributes, algorithm, said] of refusals) {
      const [code, err] = await from(attributes, algorithm)
      assert.deepEqual([code, said.test(err)], [1, true], err)
    }
  })
})

describe('strongroom completion', () => {
  const complete = async (...words: string[]) => {
    const { code, out, err } = await runHere(['completion', '--candidates', '--', ...words], environment())
    assert.deepEqual([code, err], [0, ''])
    return out.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0]]))
  }

  it('knows names that the server has', async () => {
    const key = (await runHere(['kms', 'CreateKey', '--print', 'KeyMetadata.KeyId'], environment())).out.trim()
    const alias = ['kms', 'CreateAlias', '--KeyId', key, '--AliasName', 'alias/tab']
    assert.equal((await runHere(alias, environment())).code, 0)
    assert.deepEqual(await complete('kms', 'DescribeKey', '--KeyId', 'alias/t'), ['alias/tab'])
    assert.deepEqual(await complete('kms', 'DescribeKey', '--KeyId', key.slice(0, -1)), [key])
    assert.deepEqual(await complete('import-key', '--key', 'alias/t'), ['alias/tab'])
    assert.deepEqual(await complete('kms', 'DescribeKey', '--RegionId', 'cn-beijing', '--KeyId', 'alias/'), [])
  })

  it('completes nothing, and ends soon, if the server does not answer', async () => {
    const silent = createServer(() => undefined)
    try {
      await once(silent.listen(0, '127.0.0.1'), 'listening')
      const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
      assert.deepEqual(await complete('kms', 'DescribeKey', '--endpoint', endpoint, '--KeyId', ''), [])
      assert.deepEqual(await complete('kms', 'DescribeKey', '--endpoint', 'http://127.0.0.1:1', '--KeyId', ''), [])
    } finally {
      silent.closeAllConnections()
      silent.close()
    }
  })

  const folder = () => {
    const path = temporaryFolder()
    symlinkSync(fileURLToPath(new URL('../../bin/strongroom', import.meta.url)), join(path, 'strongroom'))
    return { ...process.env, PATH: `${path}:${process.env['PATH']}`, HOME: path }
  }
  const shell = (name: string, args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(name, args, { env: folder(), encoding: 'utf8', timeout: 120_000 })
    assert.deepEqual([status, stderr], [0, ''])
    return stdout.trim().split('\n')
  }
  const without = (name: string) => (spawnSync(name, ['--version']).error ? `${name} is not installed` : false)

  it('completes in bash', { skip: without('bash') }, () => {
    const script = `source <(strongroom completion bash)
for words in 'strongroom impo' 'strongroom kms Describek' 'strongroom kms DescribeKe' 'strongroom kms CreateKey --Origin ' 'strongroom kms ListKeys --output = ta'; do
  COMP_WORDS=($words); [[ $words == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _strongroom; echo "\${COMPREPLY[*]}"
done`
    assert.deepEqual(shell('bash', ['--norc', '-c', script]), [
      ...['import-key', '', 'DescribeKey DescribeKeyVersion', 'Aliyun_KMS EXTERNAL', 'table'],
    ])
  })

  it('completes in zsh', { skip: without('zsh') }, () => {
    // Without a terminal there is no widget: what the script gives to _describe is printed.
    const script = `autoload -Uz compinit; compinit -u -D; source <(strongroom completion zsh)
_describe() { print -r -- "\${candidates[@]%%:*}" }; _files() { print files }
for words in 'strongroom kms DescribeKe' 'strongroom audit veri' 'strongroom nothing '; do
  words=(\${(s: :)words}); [[ $words[2] == nothing ]] && words+=(''); CURRENT=\${#words}; _strongroom
done`
    assert.deepEqual(shell('zsh', ['-f', '-c', script]), ['DescribeKey DescribeKeyVersion', 'verify', 'files'])
  })

  it('completes in fish', { skip: without('fish') }, () => {
    const script = `strongroom completion fish | source
complete -C 'strongroom kms DescribeKe' | string replace -r '\\t.*' ''
complete -C 'strongroom import-key --format '`
    assert.deepEqual(shell('fish', ['--no-config', '-c', script]), [
      ...['DescribeKey', 'DescribeKeyVersion', 'base64', 'hex', 'raw'],
    ])
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
    const trust = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::${program.credentials.accountId}:root"]},"Condition":{"StringEquals":{"sts:ExternalId":"mine"}}}]}`
    const ram = (...args: string[]) => runHere(['ram', ...args], environment())
    assert.equal((await ram('CreateUser', '--UserName', 'profiled')).code, 0)
    const rights = ['AttachPolicyToUser', '--PolicyType', 'System', '--PolicyName', 'AliyunSTSAssumeRoleAccess']
    assert.equal((await ram(...rights, '--UserName', 'profiled')).code, 0)
    assert.equal((await ram('CreateRole', '--RoleName', 'operator', '--AssumeRolePolicyDocument', trust)).code, 0)
    const made = await ram('CreateAccessKey', '--UserName', 'profiled')
    const { AccessKeyId, AccessKeySecret } = JSON.parse(made.out).AccessKey
    const role = {
      ...{ ...own(), name: 'role', mode: 'RamRoleArn', access_key_id: AccessKeyId, access_key_secret: AccessKeySecret },
      ...{
        ram_role_arn: `acs:ram::${program.credentials.accountId}:role/operator`,
        ram_session_name: 'me',
        external_id: 'mine',
      },
    }
    const profiles = [{ ...own(), name: 'main', mode: 'AK' }, role, { ...own(), name: 'vm', mode: 'EcsRamRole' }]
    writeFileSync(configuration, JSON.stringify({ current: 'main', profiles, meta_path: '' }))
  })

  it('are read from the home folder, never from the current folder', () => {
    const asked: string[] = []
    const readFile = (path: string): string => {
      asked.push(path)
      throw new Error('there is no file')
    }
    assert.equal(readProfile(null, { env: {}, readFile } as unknown as Surroundings), null)
    assert.deepEqual(asked, ['/.aliyun/config.json'])
  })

  it('give credentials, endpoint and region if nothing else gives credentials', async () => {
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
    const [file = '', ...more] = readdirSync(folder)
    const kept = join(folder, file)
    assert.deepEqual([more, statSync(kept).mode & 0o777, statSync(folder).mode & 0o777], [[], 0o600, 0o700])
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
    const third = JSON.parse(readFileSync(kept, 'utf8'))
    assert.notEqual(third.accessKeyId, second.accessKeyId)
    // A profile can have such a session itself.
    const { profiles, ...others } = JSON.parse(readFileSync(configuration, 'utf8'))
    const session = { access_key_id: third.accessKeyId, access_key_secret: third.accessKeySecret }
    const token = { ...own(), ...session, sts_token: third.securityToken, name: 'token', mode: 'StsToken' }
    writeFileSync(configuration, JSON.stringify({ ...others, profiles: [...profiles, token] }))
    assert.match((await sts('--profile', 'token')).out, /:assumed-role\/operator\/me"/)
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
  it('prints and exits as its verbs do inside the process of a test', async () => {
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
        const said = `strongroom: ${endpoint} is not a Strongroom server: it answered ${status} with ${type}; set the address of your server with --endpoint or STRONGROOM_ENDPOINT\n`
        assert.deepEqual(await listKeys(endpoint), [1, said])
      }
      const tls = endpoint.replace('http', 'https')
      assert.deepEqual(await listKeys(tls), [
        1,
        `strongroom: ${tls} does not speak HTTPS: try ${endpoint}, or another port\n`,
      ])
      const [code, err] = await listKeys(program.endpoint)
      assert.deepEqual(
        [code, /no trusted authority issued the certificate.*--ca-file/.test(String(err))],
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
