// The provider of the Secrets Store CSI driver: asked over its socket, as the driver asks it, for the files of a pod's volume. It signs with an
// AccessKey that the driver brings, or gets credentials for the pod's token, as docs/pods.md has it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect as http2 } from 'node:http2'
import { connect } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { type Program, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { freePort } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'
import { Apart, lackingApart } from './apart.ts'
import { Cluster, ended, manifestOf } from './cluster.ts'
import { installed, leftOut } from './installed.ts'
import { createRole, fetchingFrom, ram, SECRETS_POLICY, trusted } from './trust.ts'

const NAME = 'secrets-store-csi-driver-provider-alibaba-cloud'
const PROVIDER = installed(NAME, 'STRONGROOM_TEST_CSI_PROVIDER')
/** Of a gRPC message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5

/** The contents of the files in a MountResponse, by their paths. */
function filesOf(response: Uint8Array): Record<string, string> {
  const files: Record<string, string> = {}
  const reader = new BinaryReader(response)
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    if (number !== 3 || type !== WireType.LengthDelimited) {
      reader.skip(type)
      continue
    }
    const file = new BinaryReader(reader.bytes())
    let [path, contents] = ['', '']
    while (file.pos < file.len) {
      const [member, wire] = file.tag()
      if (member === 1) path = file.string()
      else if (member === 3) contents = Buffer.from(file.bytes()).toString()
      else file.skip(wire)
    }
    files[path] = contents
  }
  return files
}

/** Asks the provider at the socket for a volume with these attributes and secrets; answers the files, or the refusal. */
async function mounted(socket: string, attributes: Record<string, string>, secrets: Record<string, string>) {
  const message = new BinaryWriter()
  message.tag(1, WireType.LengthDelimited).string(JSON.stringify({ region: 'cn-hangzhou', ...attributes }))
  message.tag(2, WireType.LengthDelimited).string(JSON.stringify(secrets))
  message.tag(3, WireType.LengthDelimited).string(join(socket, '..', 'target'))
  message.tag(4, WireType.LengthDelimited).string('420')
  const body = message.finish()
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt32BE(body.length, 1)
  const session = http2('http://localhost', { createConnection: () => connect(socket) })
  try {
    const headers = { 'content-type': 'application/grpc', te: 'trailers' }
    const call = session.request({
      ...{ ':method': 'POST', ':path': '/v1alpha1.CSIDriverProvider/Mount' },
      ...headers,
    })
    let said: Record<string, unknown> = {}
    for (const event of ['response', 'trailers'])
      call.on(event, (fields) => {
        said = { ...said, ...fields }
      })
    call.end(Buffer.concat([prefix, body]))
    const answer = await buffer(call)
    return {
      status: String(said['grpc-status']),
      why: decodeURIComponent(String(said['grpc-message'])),
      files: filesOf(answer.subarray(PREFIX_BYTES)),
    }
  } finally {
    session.close()
  }
}

async function createSecret(server: Program): Promise<void> {
  for (const [action, VersionId, password] of [
    ['CreateSecret', 'v1', 'hunter1'],
    ['PutSecretValue', 'v2', 'hunter2'],
  ] as const) {
    const { status } = await server.call(action, { SecretName: 'db', VersionId, SecretData: value(password) })
    assert.equal(status, 200)
  }
}

const value = (password: string) => JSON.stringify({ user: 'app', password })
/** The objects of the page's class, which are read at this host. */
function objectsAt(host: string): string {
  const [, objects = ''] = /^ {4}objects: \|\n((?: {6}.*\n)+)/m.exec(manifestOf('csi-class')) ?? []
  return objects.replace(/^ {6}/gm, '').replaceAll('kms.cn-hangzhou.aliyuncs.com', host)
}
const FILES = { db: value('hunter2'), password: 'hunter2', earlier: value('hunter1') }

describe('the Secrets Store CSI provider', { skip: PROVIDER ? false : `not run: no ${NAME} here` }, () => {
  const folder = temporaryFolder()
  const socket = join(folder, 'alibabacloud.sock')
  let server: Program
  let provider: ReturnType<typeof spawn> | undefined

  const asked = (objects: string) => {
    const { accessKeyId: access_key, accessKeySecret: access_secret } = server.credentials
    return mounted(socket, { objects }, { access_key, access_secret })
  }

  before(async () => {
    server = await startProgram({ data: join(folder, 'data'), flags: ['--tls', 'self-signed'] })
    setDefaultCACertificates([readFileSync(join(server.data, 'tls/ca.pem'), 'utf8')])
    await createSecret(server)
    mkdirSync(join(folder, 'target'))
    const port = String(await freePort())
    provider = spawn(PROVIDER ?? '', ['--provider-volume', folder, '--healthz-port', port], {
      env: { PATH: process.env['PATH'], SSL_CERT_FILE: join(server.data, 'tls/ca.pem') },
      stdio: 'ignore',
    })
    await until(async () => (await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null))?.ok === true)
  })
  after(async () => {
    await ended(provider)
    await server.stop()
    removeFolder(folder)
  })

  it('mounts a secret, one field of it, and an earlier version', async () => {
    const { status, why, files } = await asked(objectsAt(new URL(server.endpoint).host))
    assert.equal(status, '0', why)
    assert.deepEqual(files, FILES)
  })

  it('mounts nothing where a secret is missing', async () => {
    const { status, files } = await asked(`- objectName: none\n  kmsEndpoint: ${new URL(server.endpoint).host}\n`)
    assert.notEqual(status, '0')
    assert.deepEqual(files, {})
  })
})

const lacking = [...(PROVIDER ? [] : [NAME]), ...lackingApart()]

describe('the Secrets Store CSI provider with the token of a pod', {
  skip: leftOut(lacking),
}, () => {
  const folder = temporaryFolder()
  const volume = join(folder, 'volume')
  const TOKENS = 'csi.storage.k8s.io/serviceAccount.tokens'
  let cluster: Cluster
  let server: Program
  let provider: Apart | undefined

  /** What the driver asks for a pod of this service account, with tokens for these audiences in its secrets or its attributes. */
  const asked = async (account: string, where: 'secrets' | 'attributes', audience = 'sts.aliyuncs.com') => {
    const tokens = { [TOKENS]: JSON.stringify({ [audience]: await cluster.tokenOf(account, audience) }) }
    const attributes = {
      'csi.storage.k8s.io/pod.name': 'app-1',
      'csi.storage.k8s.io/pod.namespace': 'default',
      'csi.storage.k8s.io/serviceAccount.name': account,
      usePodServiceAccountToken: 'true',
      objects: objectsAt('kms.cn-hangzhou.aliyuncs.com'),
    }
    const socket = join(volume, 'alibabacloud.sock')
    return where === 'secrets' ? mounted(socket, attributes, tokens) : mounted(socket, { ...attributes, ...tokens }, {})
  }

  before(async () => {
    cluster = await Cluster.start(join(folder, 'cluster'))
    await cluster.publishKeys()
    server = await startProgram({
      data: join(folder, 'data'),
      flags: [
        ...['--tls', 'self-signed', '--tls-names', 'kms.cn-hangzhou.aliyuncs.com,sts.aliyuncs.com'],
        ...fetchingFrom(cluster),
      ],
    })
    setDefaultCACertificates([readFileSync(join(server.data, 'tls/ca.pem'), 'utf8')])
    await createSecret(server)
    const { accountId } = server.credentials
    await createRole(server, 'app', await trusted(server, cluster.issuer, 'app'))
    await ram(server, 'AttachPolicyToRole', { RoleName: 'app', ...SECRETS_POLICY })
    const account = manifestOf('csi-service-account').replace('ACCOUNT', accountId)
    for (const name of ['app', 'other']) await cluster.create(account.replace('name: app', `name: ${name}`))
    await cluster.serviceAccount('provider')
    await cluster.create(`apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: csi-provider }
rules: [{ apiGroups: [""], resources: [serviceaccounts], verbs: [get] }]`)
    await cluster.create(`apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: csi-provider }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: csi-provider }
subjects: [{ kind: ServiceAccount, name: provider, namespace: default }]`)

    const [own, target] = [join(folder, 'service-account'), join(volume, 'target')]
    for (const made of [own, target]) mkdirSync(made, { recursive: true })
    writeFileSync(join(own, 'token'), (await cluster.tokenOf('provider')).token)
    writeFileSync(join(own, 'ca.crt'), readFileSync(cluster.caFile))
    provider = await Apart.start(join(folder, 'apart'), [PROVIDER ?? '', '--provider-volume', volume], {
      ports: { 443: Number(new URL(server.endpoint).port), [cluster.port]: cluster.port },
      names: ['kms.cn-hangzhou.aliyuncs.com', 'sts.aliyuncs.com'],
      mounts: { '/run/secrets/kubernetes.io/serviceaccount': own },
      env: {
        ...{ KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(cluster.port) },
        ALICLOUD_OIDC_PROVIDER_ARN: `acs:ram::${accountId}:oidc-provider/cluster-1`,
        SSL_CERT_FILE: join(server.data, 'tls/ca.pem'),
      },
    })
    const started = provider
    await until(() => !started.runs || started.said.includes('Listening for connections'))
    assert.ok(started.runs, started.said)
  })
  after(async () => {
    await provider?.[Symbol.asyncDispose]()
    await server?.stop()
    await cluster?.[Symbol.asyncDispose]()
    removeFolder(folder)
  })

  for (const where of ['secrets', 'attributes'] as const)
    it(`mounts the secrets that the role of the pod's service account may read, by a token in the ${where}`, async () => {
      const { status, why, files } = await asked('app', where)
      assert.equal(status, '0', why)
      assert.deepEqual(files, FILES)
      const { body } = await server.call('LookupEvents', {
        Version: '2020-07-06',
        'LookupAttribute.1.Key': 'EventName',
        'LookupAttribute.1.Value': 'AssumeRoleWithOIDC',
      })
      const [event] = body.Events
      assert.equal(event?.requestParameters?.RoleSessionName, 'csi-secrets-store-provider-alibaba')
    })

  it('mounts nothing for a service account that the role does not trust, and says why', async () => {
    const { status, why, files } = await asked('other', 'secrets')
    assert.notEqual(status, '0')
    assert.match(why, /NoPermission/)
    assert.deepEqual(files, {})
  })

  it('mounts nothing by a token for another audience, or where the role may not read', async () => {
    const { why, files } = await asked('app', 'secrets', 'other')
    assert.match(why, /not found for audience 'sts\.aliyuncs\.com'/)
    assert.deepEqual(files, {})
    await ram(server, 'DetachPolicyFromRole', { RoleName: 'app', ...SECRETS_POLICY })
    const refused = await asked('app', 'secrets')
    assert.match(refused.why, /Forbidden\.NoPermission/)
    assert.deepEqual(refused.files, {})
  })
})
