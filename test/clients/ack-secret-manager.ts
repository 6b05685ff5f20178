// ack-secret-manager on a real kube-apiserver, with the manifests of docs/pods.md: by an AccessKey, by a role that it assumes with one, and by
// the token of its own pod.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { type Program, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { until } from '../until.ts'
import { Apart, lackingApart } from './apart.ts'
import { Cluster, manifestOf } from './cluster.ts'
import { leftOut } from './installed.ts'
import { createRole, fetchingFrom, must, ram, SECRETS_POLICY, trusted } from './trust.ts'

/** A checkout of its sources, where the program was built. */
const CHECKOUT = process.env['STRONGROOM_TEST_ACK_SECRET_MANAGER'] ?? ''
const MANAGER = join(CHECKOUT, 'manager')
const CUSTOM = '/apis/alibabacloud.com/v1alpha1/namespaces/default/externalsecrets'

const lacking = [
  ...(CHECKOUT !== '' && existsSync(MANAGER) ? [] : ['STRONGROOM_TEST_ACK_SECRET_MANAGER']),
  ...lackingApart(),
]

describe('ack-secret-manager', { skip: leftOut(lacking) }, () => {
  const folder = temporaryFolder()
  let cluster: Cluster
  let server: Program
  let manager: Apart | undefined

  const called = (action: string, parameters: Record<string, string>) => must(server, action, parameters)
  const value = (password: string) => JSON.stringify({ user: 'app', password })

  before(async () => {
    cluster = await Cluster.start(join(folder, 'cluster'))
    await cluster.publishKeys()
    server = await startProgram({
      data: join(folder, 'data'),
      flags: [...['--tls', 'self-signed'], ...fetchingFrom(cluster)],
    })
    setDefaultCACertificates([readFileSync(join(server.data, 'tls/ca.pem'), 'utf8')])
    const { accountId } = server.credentials
    await called('CreateSecret', { SecretName: 'db', VersionId: 'v1', SecretData: value('hunter1') })
    const binary = { SecretDataType: 'binary', SecretData: Buffer.from([0, 255, 7]).toString('base64') }
    await called('CreateSecret', { SecretName: 'binary', VersionId: 'v1', ...binary })

    await ram(server, 'CreateUser', { UserName: 'manager' })
    for (const PolicyName of [SECRETS_POLICY.PolicyName, 'AliyunSTSAssumeRoleAccess'])
      await ram(server, 'AttachPolicyToUser', { UserName: 'manager', PolicyType: 'System', PolicyName })
    const { AccessKey } = await ram(server, 'CreateAccessKey', { UserName: 'manager' })
    await cluster.createSecret('strongroom', { id: AccessKey.AccessKeyId, secret: AccessKey.AccessKeySecret })
    const statement = await trusted(server, cluster.issuer, 'ack-secret-manager')
    const own = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: [`acs:ram::${accountId}:root`] } }
    for (const name of ['app', 'none']) await createRole(server, name, statement, own)
    await ram(server, 'AttachPolicyToRole', { RoleName: 'app', ...SECRETS_POLICY })

    const charts = ['external-secrets-crd', 'secret-stores-crd']
    await cluster.define(...charts.map((name) => join(CHECKOUT, `charts/ack-secret-manager/templates/${name}.yaml`)))
    for (const name of ['default', 'ack-secret-manager']) await cluster.serviceAccount(name)
    // Its lock belongs to its pod.
    await cluster.create(
      'apiVersion: v1\nkind: Pod\nmetadata: { name: manager }\nspec: { automountServiceAccountToken: false, containers: [{ name: manager, image: none }] }',
    )
    const [tokens, account] = [join(folder, 'tokens'), join(folder, 'service-account')]
    for (const made of [tokens, account]) mkdirSync(made)
    const { token } = await cluster.tokenOf('ack-secret-manager', 'sts.aliyuncs.com')
    writeFileSync(join(tokens, 'ack-secret-manager'), token)
    writeFileSync(join(account, 'namespace'), 'default')
    const { host, port } = new URL(server.endpoint)
    const intervals = ['--polling-interval', '2s', '--reconcile-period', '1s']
    manager = await Apart.start(
      join(folder, 'apart'),
      [MANAGER, '--kms-endpoint', host, '--region', 'cn-hangzhou', '--enable-worker-role=false', ...intervals],
      {
        ports: { [port]: Number(port), [cluster.port]: cluster.port },
        names: [],
        mounts: { '/run/secrets/tokens': tokens, '/run/secrets/kubernetes.io/serviceaccount': account },
        env: {
          ...{ KUBECONFIG: cluster.kubeconfig(), POD_NAME: 'manager', ALIBABA_CLOUD_STS_ENDPOINT: host },
          SSL_CERT_FILE: join(server.data, 'tls/ca.pem'),
        },
      },
    )
  })
  after(async () => {
    await manager?.[Symbol.asyncDispose]()
    await server?.stop()
    await cluster?.[Symbol.asyncDispose]()
    removeFolder(folder)
  })

  /** Creates the page's store, and its ExternalSecret for that, under this name. */
  const create = async (name: string, store: string, role = 'app') => {
    const named = store.replace('name: strongroom, namespace', `name: ${name}, namespace`)
    await cluster.create(named.replaceAll('ACCOUNT', server.credentials.accountId).replace('role/app', `role/${role}`))
    const manifest = manifestOf('ack-external-secret').replaceAll('name: strongroom,', `name: ${name},`)
    await cluster.create(manifest.replace('metadata: { name: db,', `metadata: { name: ${name},`))
  }
  /** Waits, as long as the manager runs. */
  const whileItRuns = async (condition: () => Promise<boolean>) => {
    await until(async () => !manager?.runs || (await condition()))
    assert.ok(manager?.runs, manager?.said ?? '')
  }

  for (const store of ['ack-access-key', 'ack-role', 'ack-pod'])
    it(`makes a Secret by the store ${store}, follows a new version, and removes it`, async () => {
      const put = (version: string, password: string) =>
        called('PutSecretValue', { SecretName: 'db', VersionId: `${store}-${version}`, SecretData: value(password) })
      await put('1', 'hunter2')
      await create(store, manifestOf(store))
      const synchronized = (password: string) => {
        const fields = { user: 'app', password, one: password }
        const all = { ...fields, all: value(password), earlier: value('hunter1'), binary: '\x00\xff\x07' }
        const sorted = (of: Record<string, string>) => JSON.stringify(Object.entries(of).toSorted())
        return whileItRuns(async () => sorted((await cluster.secret(store)) ?? {}) === sorted(all))
      }
      await synchronized('hunter2')
      await put('2', 'hunter3')
      await synchronized('hunter3')
      await cluster.must(`${CUSTOM}/${store}`, 'DELETE')
      await whileItRuns(async () => (await cluster.secret(store)) === null)
    })

  it('makes no Secret where the role may not read, and its log says why', async () => {
    await create('denied', manifestOf('ack-pod'), 'none')
    await whileItRuns(async () => /Forbidden\.NoPermission/.test(manager?.said ?? ''))
    assert.equal(await cluster.secret('denied'), null)
  })
})
