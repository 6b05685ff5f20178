// docs/kubernetes.md under a real kube-apiserver on a real etcd: what it stores, and what it does when the CMK moves, is locked, or the provider dies.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { BIN, type Program, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { freePort } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const BUILT = here('../../node_modules/.clients/kube-apiserver')
const lacking = [
  ...(existsSync(BUILT) ? [] : ['kube-apiserver (CONTRIBUTING.md says how to build it)']),
  ...(spawnSync('sh', ['-c', 'command -v etcd']).status === 0 ? [] : ['etcd']),
]
const ALIAS = 'alias/cluster'
const SECRETS = '/api/v1/namespaces/default/secrets'

describe('a real kube-apiserver', { skip: lacking.length > 0 && `not run: no ${lacking.join(', no ')} here` }, () => {
  const folder = temporaryFolder()
  const processes: ChildProcess[] = []
  let server: Program
  let provider: ChildProcess
  let [etcdPort, port] = [0, 0]
  let keys: string[] = []

  const started = (command: string, args: readonly string[], stdout: 'ignore' | 'pipe' = 'ignore') => {
    const child = spawn(command, args, {
      stdio: ['ignore', stdout, 'ignore'],
      env: { ...process.env, STRONGROOM_ENDPOINT: server.endpoint },
    })
    processes.push(child)
    return child
  }
  const startProvider = async () => {
    const socket = ['--socket', join(folder, 'kms.sock'), '--data', server.data]
    provider = started(BIN, ['kubernetes-kms', '--key', ALIAS, ...socket], 'pipe')
    assert.ok(provider.stdout)
    await once(createInterface(provider.stdout), 'line')
  }
  /** Calls kube-apiserver as its administrator. */
  const asked = async (path: string, method = 'GET', body?: object) => {
    const calling = request({
      ...{ host: '127.0.0.1', port, path, method, ca: readFileSync(join(folder, 'certs/apiserver.crt')) },
      headers: { authorization: 'Bearer admin-token', 'content-type': 'application/json' },
    })
    calling.end(body && JSON.stringify(body))
    const [response] = await once(calling, 'response')
    return { status: response.statusCode as number, body: await text(response) }
  }
  const must = async (path: string, method = 'GET', body?: object) => {
    const answer = await asked(path, method, body)
    assert.ok(answer.status < 300, answer.body)
    return JSON.parse(answer.body)
  }
  const readiness = async () => (await asked('/readyz/kms-providers').catch(() => ({ body: 'no answer' }))).body
  const make = (name: string) =>
    must(SECRETS, 'POST', { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { password: 'hunter2' } })
  const passwordOf = async (name: string) =>
    Buffer.from((await must(`${SECRETS}/${name}`)).data.password, 'base64').toString()
  /** What etcd has of a Secret. */
  const stored = async (name: string) => {
    const key = Buffer.from(`/registry/secrets/default/${name}`).toString('base64')
    const range = { method: 'POST', body: JSON.stringify({ key }) }
    const answer = await (await fetch(`http://127.0.0.1:${etcdPort}/v3/kv/range`, range)).json()
    const { kvs } = answer as { kvs: [{ value: string }] }
    return Buffer.from(kvs[0].value, 'base64').toString('latin1')
  }
  const called = async (action: string, parameters: Record<string, string> = {}) => {
    const { status, body } = await server.call(action, parameters)
    assert.equal(status, 200, JSON.stringify(body))
    return body
  }

  before(async () => {
    server = await startProgram({ data: join(folder, 'data') })
    keys = [(await called('CreateKey')).KeyMetadata.KeyId, (await called('CreateKey')).KeyMetadata.KeyId]
    await called('CreateAlias', { AliasName: ALIAS, KeyId: keys[0] ?? '' })
    await startProvider()
    const shipped = readFileSync(here('../../deploy/kubernetes/encryption-configuration.yaml'), 'utf8')
    const file = (name: string, content: string) => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const configuration = shipped.replace('/run/strongroom/kms.sock', join(folder, 'kms.sock'))
    const encoding = { type: 'pkcs8', format: 'pem' } as const
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const signing = file('accounts.pem', String(privateKey.export(encoding)))
    ;[etcdPort, port] = [await freePort(), await freePort()]
    const [etcd, peers] = [`http://127.0.0.1:${etcdPort}`, `http://127.0.0.1:${await freePort()}`]
    const urls = ['--listen-client-urls', etcd, '--advertise-client-urls', etcd, '--listen-peer-urls', peers]
    started('etcd', ['--data-dir', join(folder, 'etcd'), ...urls])
    started(BUILT, [
      `--etcd-servers=${etcd}`,
      ...['--bind-address=127.0.0.1', `--secure-port=${port}`, `--cert-dir=${join(folder, 'certs')}`],
      ...['--service-account-issuer=https://cluster.test', '--authorization-mode=RBAC'],
      ...[`--service-account-signing-key-file=${signing}`, `--service-account-key-file=${signing}`],
      `--token-auth-file=${file('tokens.csv', 'admin-token,admin,1,"system:masters"\n')}`,
      ...['--service-cluster-ip-range=10.0.0.0/24', '--endpoint-reconciler-type=none'],
      `--encryption-provider-config=${file('encryption-configuration.yaml', configuration)}`,
    ])
    await until(async () => (await asked('/readyz').catch(() => null))?.body === 'ok')
  })
  after(async () => {
    for (const child of processes.toReversed()) {
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null
      child.kill('SIGKILL')
      await gone
    }
    await server.stop()
    removeFolder(folder)
  })

  it('stores Secrets under the CMK, and reads them', async () => {
    await make('one')
    const value = await stored('one')
    assert.ok(value.startsWith('k8s:enc:kms:v2:strongroom:') && value.includes(keys[0] ?? ''), value)
    assert.ok(!value.includes('hunter2'))
    assert.equal(await passwordOf('one'), 'hunter2')
  })

  it('encrypts under another CMK once the alias has moved, and still reads what it stored before', async () => {
    await called('UpdateAlias', { AliasName: ALIAS, KeyId: keys[1] ?? '' })
    await make('two')
    await until(async () => {
      assert.equal(await readiness(), 'ok')
      await must(`${SECRETS}/two`, 'PUT', await must(`${SECRETS}/two`))
      return (await stored('two')).includes(keys[1] ?? '')
    })
    assert.ok((await stored('one')).includes(keys[0] ?? ''))
    // What the page does with kubectl.
    for (const item of (await must(SECRETS)).items) await must(`${SECRETS}/${item.metadata.name}`, 'PUT', item)
    assert.ok((await stored('one')).includes(keys[1] ?? ''))
    assert.equal(await passwordOf('one'), 'hunter2')
  })

  it('says in /readyz why the CMK can not be used, until it can', async () => {
    const KeyId = keys[1] ?? ''
    await called('DisableKey', { KeyId })
    await until(async () => (await readiness()) !== 'ok')
    assert.match(await readiness(), /Rejected\.Disabled: .*\(RequestId [0-9a-f-]{36}\)/)
    assert.equal(await passwordOf('one'), 'hunter2')
    await called('EnableKey', { KeyId })
    await until(async () => (await readiness()) === 'ok')
  })

  it('connects again to a provider that was killed', async () => {
    provider.kill('SIGKILL')
    await once(provider, 'exit')
    await until(async () => (await readiness()) !== 'ok')
    await startProvider()
    await until(async () => (await readiness()) === 'ok')
    await make('three')
    assert.equal(await passwordOf('three'), 'hunter2')
  })

  it("issues tokens that get a pod credentials, by the issuer's pinned keys", async () => {
    const pinned = join(folder, 'keys.json')
    writeFileSync(pinned, JSON.stringify(await must('/openid/v1/jwks')))
    await must('/api/v1/namespaces/default/serviceaccounts', 'POST', { metadata: { name: 'app' } })
    const { status } = await must('/api/v1/namespaces/default/serviceaccounts/app/token', 'POST', {
      spec: { audiences: ['sts.aliyuncs.com'], expirationSeconds: 3600 },
    })
    const sts = await startProgram({
      data: join(folder, 'sts'),
      flags: ['--oidc-pinned-keys', `https://cluster.test=${pinned}`],
    })
    try {
      const { accountId } = sts.credentials
      const OIDCProviderArn = `acs:ram::${accountId}:oidc-provider/cluster-1`
      const issuer = { IssuerUrl: 'https://cluster.test', ClientIds: 'sts.aliyuncs.com' }
      await sts.call('CreateOIDCProvider', { Version: '2019-08-15', OIDCProviderName: 'cluster-1', ...issuer })
      const Condition = {
        StringEquals: { 'oidc:iss': issuer.IssuerUrl, 'oidc:sub': 'system:serviceaccount:default:app' },
      }
      const Statement = [
        { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Federated: [OIDCProviderArn] }, Condition },
      ]
      const AssumeRolePolicyDocument = JSON.stringify({ Version: '1', Statement })
      await sts.call('CreateRole', { Version: '2015-05-01', RoleName: 'app', AssumeRolePolicyDocument })
      const body = new URLSearchParams({
        ...{ Action: 'AssumeRoleWithOIDC', Version: '2015-04-01', OIDCToken: status.token, OIDCProviderArn },
        ...{ RoleArn: `acs:ram::${accountId}:role/app`, RoleSessionName: 'app' },
      })
      const answer = await (await fetch(sts.endpoint, { method: 'POST', body })).text()
      const { Credentials, OIDCTokenInfo } = JSON.parse(answer)
      assert.match(Credentials?.AccessKeyId ?? answer, /^STS\./)
      assert.equal(OIDCTokenInfo.Subject, 'system:serviceaccount:default:app')
    } finally {
      await sts.stop()
    }
  })
})
