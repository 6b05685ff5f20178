// docs/kubernetes.md under a real kube-apiserver on a real etcd: what it stores, and what it does when the CMK moves, is locked, or the provider dies.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { BIN, type Program, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { until } from '../until.ts'
import { Cluster, ended, lackingForCluster } from './cluster.ts'
import { leftOut } from './installed.ts'
import { createRole, must, trusted } from './trust.ts'

const lacking = lackingForCluster()
const ALIAS = 'alias/cluster'
const SECRETS = '/api/v1/namespaces/default/secrets'

describe('a real kube-apiserver', { skip: leftOut(lacking) }, () => {
  const folder = temporaryFolder()
  let server: Program
  let provider: ChildProcess
  let cluster: Cluster
  let keys: string[] = []

  const startProvider = async () => {
    const socket = ['--socket', join(folder, 'kms.sock'), '--data', server.data]
    provider = spawn(BIN, ['kubernetes-kms', '--key', ALIAS, ...socket], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, STRONGROOM_ENDPOINT: server.endpoint },
    })
    assert.ok(provider.stdout)
    await once(createInterface(provider.stdout), 'line')
  }
  const readiness = async () => (await cluster.asked('/readyz/kms-providers').catch(() => ({ body: 'no answer' }))).body
  const make = (name: string) => cluster.createSecret(name, { password: 'hunter2' })
  const passwordOf = async (name: string) => (await cluster.secret(name))?.['password']
  const called = (action: string, parameters: Record<string, string> = {}) => must(server, action, parameters)

  before(async () => {
    server = await startProgram({ data: join(folder, 'data') })
    keys = [(await called('CreateKey')).KeyMetadata.KeyId, (await called('CreateKey')).KeyMetadata.KeyId]
    await called('CreateAlias', { AliasName: ALIAS, KeyId: keys[0] ?? '' })
    await startProvider()
    const shipped = readFileSync(
      new URL('../../deploy/kubernetes/encryption-configuration.yaml', import.meta.url),
      'utf8',
    )
    const configuration = join(folder, 'encryption-configuration.yaml')
    writeFileSync(configuration, shipped.replace('/run/strongroom/kms.sock', join(folder, 'kms.sock')))
    cluster = await Cluster.start(join(folder, 'cluster'), [`--encryption-provider-config=${configuration}`])
  })
  after(async () => {
    await cluster?.[Symbol.asyncDispose]()
    await ended(provider)
    await server.stop()
    removeFolder(folder)
  })

  it('that can not start fails at once, and leaves no etcd', async () => {
    await assert.rejects(Cluster.start(join(folder, 'unfit'), ['--no-such-flag']), /kube-apiserver has ended/)
  })

  it('stores Secrets under the CMK, and reads them', async () => {
    await make('one')
    const value = await cluster.stored('one')
    assert.ok(value.startsWith('k8s:enc:kms:v2:strongroom:') && value.includes(keys[0] ?? ''), value)
    assert.ok(!value.includes('hunter2'))
    assert.equal(await passwordOf('one'), 'hunter2')
  })

  it('encrypts under another CMK once the alias has moved, and still reads what it stored before', async () => {
    await called('UpdateAlias', { AliasName: ALIAS, KeyId: keys[1] ?? '' })
    await make('two')
    await until(async () => {
      assert.equal(await readiness(), 'ok')
      await cluster.must(`${SECRETS}/two`, 'PUT', await cluster.must(`${SECRETS}/two`))
      return (await cluster.stored('two')).includes(keys[1] ?? '')
    })
    assert.ok((await cluster.stored('one')).includes(keys[0] ?? ''))
    // What the page does with kubectl.
    for (const item of (await cluster.must(SECRETS)).items)
      await cluster.must(`${SECRETS}/${item.metadata.name}`, 'PUT', item)
    assert.ok((await cluster.stored('one')).includes(keys[1] ?? ''))
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
    writeFileSync(pinned, JSON.stringify(await cluster.must('/openid/v1/jwks')))
    await cluster.serviceAccount('app')
    const { token } = await cluster.tokenOf('app', 'sts.aliyuncs.com')
    const sts = await startProgram({
      data: join(folder, 'sts'),
      flags: ['--oidc-pinned-keys', `${cluster.issuer}=${pinned}`],
    })
    try {
      const { accountId } = sts.credentials
      const OIDCProviderArn = `acs:ram::${accountId}:oidc-provider/cluster-1`
      await createRole(sts, 'app', await trusted(sts, cluster.issuer, 'app'))
      const body = new URLSearchParams({
        ...{ Action: 'AssumeRoleWithOIDC', Version: '2015-04-01', OIDCToken: token, OIDCProviderArn },
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
