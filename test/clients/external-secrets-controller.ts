// The controller of External Secrets on a real kube-apiserver, with the manifests of docs/pods.md: by an AccessKey, and by the token that the
// kube-apiserver made for the controller's service account.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { type Program, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { until } from '../until.ts'
import { Apart, lackingApart } from './apart.ts'
import { Cluster, manifestOf } from './cluster.ts'
import { leftOut } from './installed.ts'
import { createRole, fetchingFrom, must, ram, SECRETS_POLICY, trusted } from './trust.ts'

/** A checkout of its sources, where the controller was built. */
const CHECKOUT = process.env['STRONGROOM_TEST_EXTERNAL_SECRETS'] ?? ''
const CONTROLLER = join(CHECKOUT, 'external-secrets')
/** The types that this controller watches. */
const TYPES = [
  ...['clusterexternalsecrets', 'clusterpushsecrets', 'clustersecretstores', 'externalsecrets', 'pushsecrets'],
  'secretstores',
]
const GENERATORS = ['clustergenerators', 'generatorstates']
const CUSTOM = '/apis/external-secrets.io/v1/namespaces/default'
/** The names that the provider derives from its region. */
const NAMES = ['kms.cn-hangzhou.aliyuncs.com', 'sts.aliyuncs.com']

const lacking = [
  ...(CHECKOUT !== '' && existsSync(CONTROLLER) ? [] : ['STRONGROOM_TEST_EXTERNAL_SECRETS']),
  ...lackingApart(),
]

describe("External Secrets' controller", {
  skip: leftOut(lacking),
}, () => {
  const folder = temporaryFolder()
  let cluster: Cluster
  let server: Program
  let controller: Apart | undefined

  const called = (action: string, parameters: Record<string, string>) => must(server, action, parameters)
  const value = (password: string) => JSON.stringify({ user: 'app', password })

  before(async () => {
    cluster = await Cluster.start(join(folder, 'cluster'))
    await cluster.publishKeys()
    server = await startProgram({
      data: join(folder, 'data'),
      flags: [...['--tls', 'self-signed', '--tls-names', NAMES.join()], ...fetchingFrom(cluster)],
    })
    setDefaultCACertificates([readFileSync(join(server.data, 'tls/ca.pem'), 'utf8')])
    await called('CreateSecret', { SecretName: 'db', VersionId: 'v1', SecretData: value('hunter1') })

    await ram(server, 'CreateUser', { UserName: 'eso' })
    await ram(server, 'AttachPolicyToUser', { UserName: 'eso', ...SECRETS_POLICY })
    const { AccessKey } = await ram(server, 'CreateAccessKey', { UserName: 'eso' })
    await cluster.createSecret('strongroom', { id: AccessKey.AccessKeyId, secret: AccessKey.AccessKeySecret })

    const statement = await trusted(server, cluster.issuer, 'external-secrets')
    for (const name of ['app', 'none']) await createRole(server, name, statement)
    await ram(server, 'AttachPolicyToRole', { RoleName: 'app', ...SECRETS_POLICY })

    await cluster.define(
      ...TYPES.map((type) => join(CHECKOUT, `config/crds/bases/external-secrets.io_${type}.yaml`)),
      ...GENERATORS.map((type) => join(CHECKOUT, `config/crds/bases/generators.external-secrets.io_${type}.yaml`)),
    )
    await cluster.serviceAccount('external-secrets')
    const token = join(folder, 'token')
    mkdirSync(token)
    writeFileSync(join(token, 'token'), (await cluster.tokenOf('external-secrets', 'sts.aliyuncs.com')).token)
    controller = await Apart.start(join(folder, 'apart'), [CONTROLLER, '--store-requeue-interval=2s'], {
      ports: { 443: Number(new URL(server.endpoint).port), [cluster.port]: cluster.port },
      names: NAMES,
      mounts: { '/run/secrets/strongroom': token },
      env: { KUBECONFIG: cluster.kubeconfig(), SSL_CERT_FILE: join(server.data, 'tls/ca.pem') },
    })
  })
  after(async () => {
    await controller?.[Symbol.asyncDispose]()
    await server?.stop()
    await cluster?.[Symbol.asyncDispose]()
    removeFolder(folder)
  })

  // One store at a time: this provider keeps one client for all stores, and uses it for whichever it is asked.
  afterEach(async () => {
    for (const type of ['externalsecrets', 'secretstores']) {
      await cluster.must(`${CUSTOM}/${type}`, 'DELETE')
      await whileItRuns(async () => (await cluster.must(`${CUSTOM}/${type}`)).items.length === 0)
    }
  })

  /** Creates the page's store and its ExternalSecret under this name. */
  const create = async (name: string, store: string, role = 'app') => {
    const named = store.replace('name: strongroom, namespace', `name: ${name}, namespace`)
    await cluster.create(named.replaceAll('ACCOUNT', server.credentials.accountId).replace('role/app', `role/${role}`))
    const manifest = manifestOf('external-secret')
      .replace('refreshInterval: 1h', 'refreshInterval: 1s')
      .replace('name: strongroom }', `name: ${name} }`)
      .replaceAll('name: db', `name: ${name}`)
    await cluster.create(manifest)
  }
  /** Waits, as long as the controller runs. */
  const whileItRuns = async (condition: () => Promise<boolean>) => {
    await until(async () => !controller?.runs || (await condition()))
    assert.ok(controller?.runs, controller?.said ?? '')
  }
  const synchronized = (name: string, expected: Record<string, string>) =>
    whileItRuns(async () => JSON.stringify(await cluster.secret(name)) === JSON.stringify(expected))
  /** The ready condition of an ExternalSecret. */
  const readyOf = async (name: string) => {
    const { status } = await cluster.must(`${CUSTOM}/externalsecrets/${name}`)
    return status?.conditions?.find(({ type }: { type: string }) => type === 'Ready')
  }
  /** What the events say of an object. */
  const eventsOf = async (name: string) => {
    const { items } = await cluster.must('/api/v1/namespaces/default/events')
    const own = items.filter((one: { involvedObject: { name: string } }) => one.involvedObject.name === name)
    return own.map(({ message }: { message: string }) => message).join('\n')
  }

  for (const [store, name] of [
    ['external-secrets-access-key', 'by-access-key'],
    ['external-secrets-pod', 'by-token'],
  ] as const)
    it(`makes a Secret by the store ${store}, and follows a new version`, async () => {
      const before = `v-${name}`
      await called('PutSecretValue', { SecretName: 'db', VersionId: before, SecretData: value('hunter2') })
      await create(name, manifestOf(store))
      await synchronized(name, { earlier: 'hunter1', password: 'hunter2', user: 'app' })
      await whileItRuns(async () => (await readyOf(name))?.reason === 'SecretSynced')
      await called('PutSecretValue', { SecretName: 'db', VersionId: `${before}-next`, SecretData: value('hunter3') })
      await synchronized(name, { earlier: 'hunter1', password: 'hunter3', user: 'app' })
    })

  it('says at the ExternalSecret that the role may not read, and makes no Secret until it may', async () => {
    await create('denied', manifestOf('external-secrets-pod'), 'none')
    await whileItRuns(async () => (await readyOf('denied'))?.status === 'False')
    await whileItRuns(async () => /Forbidden\.NoPermission/.test(await eventsOf('denied')))
    assert.equal((await readyOf('denied')).reason, 'SecretSyncedError')
    assert.equal(await cluster.secret('denied'), null)
    await ram(server, 'AttachPolicyToRole', { RoleName: 'none', ...SECRETS_POLICY })
    await whileItRuns(async () => (await cluster.secret('denied'))?.['user'] === 'app')
  })

  it('says at the ExternalSecret that there is no such role', async () => {
    await create('missing', manifestOf('external-secrets-pod'), 'missing')
    await whileItRuns(async () => /The role not exists: acs:ram::\d+:role\/missing/.test(await eventsOf('missing')))
    assert.equal(await cluster.secret('missing'), null)
  })
})
