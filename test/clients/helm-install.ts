// The Helm chart and the container image in a real cluster: a pod that serves behind its Service, and another that gets a role by its token.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeImage } from '../../scripts/image.mjs'
import { BIN, removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { manifestOf } from './cluster.ts'
import { lacks, succeeds } from './debian.ts'
import { ClusterOfOneNode, isReady, TUNABLES, withoutNode } from './node.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const HELM = here('../../node_modules/.clients/helm')
const CHART = here('../../deploy/helm/strongroom')
const reason = withoutNode() || lacks('mmdebstrap', 'openssl') || (existsSync(HELM) ? false : 'no helm here')
const POD = '/api/v1/namespaces/vault/pods/kms-0'
const ISSUER = 'https://10.99.0.1:6443'

describe('the Helm chart in a cluster', { skip: reason && `not run: ${reason}` }, () => {
  const folder = temporaryFolder()
  const data = join(folder, 'data')
  const at = (name: string) => join(folder, name)
  const tunables = () => TUNABLES.map((file) => readFileSync(file, 'utf8'))
  const formerly = tunables()
  let node: ClusterOfOneNode

  /** Runs a verb of the command line on the node, by the Service's name. */
  const called = (...words: string[]) => {
    const server = ['STRONGROOM_ENDPOINT=https://kms.vault.svc:7700', `STRONGROOM_CA_FILE=${at('ca.pem')}`]
    return node.run('env', ...server, `STRONGROOM_DATA=${data}`, BIN, ...words).trim()
  }
  const helm = (verb: string, values: object) => {
    writeFileSync(at('values.yaml'), JSON.stringify(values))
    return node.run(HELM, verb, 'kms', CHART, '--namespace', 'vault', '--values', at('values.yaml'))
  }
  const ready = (former = '') => node.until(POD, ({ metadata, status }) => metadata?.uid !== former && isReady(status))

  const values = {
    image: { repository: 'localhost/strongroom', pullPolicy: 'Never' },
    tls: { secret: 'kms-tls' },
    persistence: { storageClass: 'local' },
    resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
    // What docs/pods.md says of an issuer that is the cluster's own API server.
    settings: {
      ...{ 'oidc-issuers': ISSUER, 'oidc-private-addresses': true },
      'oidc-ca-file': '/etc/strongroom/cluster/ca.crt',
    },
    extraVolumes: [{ name: 'cluster-ca', configMap: { name: 'kube-root-ca.crt' } }],
    extraVolumeMounts: [{ name: 'cluster-ca', mountPath: '/etc/strongroom/cluster', readOnly: true }],
  }

  before(async () => {
    mkdirSync(data)
    makeImage(folder)
    makeCertificate(folder, 'kms.vault.svc')
    node = await ClusterOfOneNode.start(folder)
    node.must('/api/v1/namespaces', 'POST', { metadata: { name: 'vault' } })
    const base64 = (name: string) => readFileSync(at(name)).toString('base64')
    node.must('/api/v1/namespaces/vault/secrets', 'POST', {
      ...{ metadata: { name: 'kms-tls' }, type: 'kubernetes.io/tls' },
      data: { 'tls.crt': base64('tls.crt'), 'tls.key': base64('tls.key') },
    })
    const term = { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['node'] }] }
    node.must('/api/v1/persistentvolumes', 'POST', {
      metadata: { name: 'kms-data' },
      spec: {
        ...{ capacity: { storage: '10Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'local' },
        ...{ local: { path: data }, nodeAffinity: { required: { nodeSelectorTerms: [term] } } },
      },
    })
    helm('install', values)
    await ready()
    const { spec } = node.must('/api/v1/namespaces/vault/services/kms')
    node.lead(spec.clusterIP, 'kms.vault.svc')
  })
  after(async () => {
    await node?.[Symbol.asyncDispose]()
    removeFolder(folder)
  })

  it('serves behind its Service, and keeps its keys when its pod is replaced', async () => {
    const key = called('kms', 'CreateKey', '--print', 'KeyMetadata.KeyId')
    called('kms', 'CreateAlias', '--AliasName', 'alias/app', '--KeyId', key)
    const blob = called('kms', 'Encrypt', '--KeyId', key, '--Plaintext', 'four apples', '--print', 'CiphertextBlob')
    const { uid } = node.must(POD).metadata
    node.must(POD, 'DELETE')
    await ready(uid)
    assert.equal(called('kms', 'Decrypt', '--CiphertextBlob', blob, '--print', 'Plaintext'), 'four apples')
  })

  it('starts the pod again when a setting changes', async () => {
    const { uid } = node.must(POD).metadata
    helm('upgrade', { ...values, settings: { ...values.settings, 'retention-days': 365 } })
    await ready(uid)
    assert.match(called('whoami'), /:root$/m)
  })

  it('gives a pod a role by the token that kubelet projects, and the pod encrypts by the official client', async () => {
    await node.until('/api/v1/namespaces/default/serviceaccounts/default', ({ metadata }) => metadata !== undefined)
    const account = called('sts', 'GetCallerIdentity', '--print', 'AccountId')
    const binding = { kind: 'ClusterRole', name: 'system:service-account-issuer-discovery' }
    node.must('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', 'POST', {
      ...{ metadata: { name: 'issuer-discovery' }, roleRef: binding },
      subjects: [{ kind: 'Group', name: 'system:unauthenticated' }],
    })
    const provider = ['--OIDCProviderName', 'cluster-1', '--IssuerUrl', ISSUER, '--ClientIds', 'sts.aliyuncs.com']
    called('ims', 'CreateOIDCProvider', ...provider)
    const Federated = [`acs:ram::${account}:oidc-provider/cluster-1`]
    const Condition = { StringEquals: { 'oidc:iss': ISSUER, 'oidc:sub': 'system:serviceaccount:default:app' } }
    const Statement = [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Federated }, Condition }]
    const trust = JSON.stringify({ Version: '1', Statement })
    called('ram', 'CreateRole', '--RoleName', 'app', '--AssumeRolePolicyDocument', trust)
    const policy = ['--PolicyType', 'System', '--PolicyName', 'AliyunKMSCryptoUserAccess']
    called('ram', 'AttachPolicyToRole', '--RoleName', 'app', ...policy)

    node.must('/api/v1/namespaces/default/serviceaccounts', 'POST', { metadata: { name: 'app' } })
    node.must('/api/v1/namespaces/default/configmaps', 'POST', {
      metadata: { name: 'app' },
      data: { 'ca.crt': readFileSync(at('ca.pem'), 'utf8'), 'app.mjs': APP },
    })
    const { clusterIP } = node.must('/api/v1/namespaces/vault/services/kms').spec
    const pod = podOf(manifestOf('pod').replaceAll('ACCOUNT', account), clusterIP)
    node.must('/api/v1/namespaces/default/pods', 'POST', pod)
    await node.until('/api/v1/namespaces/default/pods/app', ({ status }) =>
      /Succeeded|Failed/.test(status?.phase ?? ''),
    )
    const log = node.text('/api/v1/namespaces/default/pods/app/log')
    assert.equal(log, '{"id":"STS.","opened":"from a pod"}\n')
  })

  it("leaves the settings of the machine's kernel as they are", () => {
    assert.deepEqual(tunables(), formerly)
  })

  it('shows the account where the notes of the chart say', () => {
    const notes = node.run(HELM, 'get', 'notes', 'kms', '--namespace', 'vault')
    const [, ...command] = /kubectl exec --namespace vault kms-0 -- (node) (--print) '(.*)'/.exec(notes) ?? []
    const containers = node.run('ctr', '--namespace', 'k8s.io', 'tasks', 'list', '--quiet').trim().split('\n')
    const shown = containers.flatMap((id) => {
      const { Image = '', Labels = {} } = JSON.parse(node.run('ctr', '--namespace', 'k8s.io', 'containers', 'info', id))
      const isOurs = Image.includes('strongroom') && Labels['io.kubernetes.pod.name'] === 'kms-0'
      const run = ['ctr', '--namespace', 'k8s.io', 'tasks', 'exec', '--exec-id', 'notes', id, ...command] as const
      return isOurs ? [node.run(...run)] : []
    })
    assert.equal(JSON.parse(shown.join('')).accountId, called('sts', 'GetCallerIdentity', '--print', 'AccountId'))
  })
})

/** A pod of the image that runs APP, by the page's manifest; it knows the Service by its address. */
function podOf(manifest: string, address: string): string {
  const { version } = JSON.parse(readFileSync(here('../../package.json'), 'utf8'))
  const more = (text: string, ...lines: string[]) => `${text}${lines.map((line) => `${line}\n`).join('')}`
  const image = [`      image: localhost/strongroom:${version}`, '      imagePullPolicy: Never']
  const own = '{ name: app, mountPath: /etc/app }, { name: modules, mountPath: /modules/node_modules }'
  const volumes = [
    '    - { name: app, configMap: { name: app } }',
    `    - { name: modules, hostPath: { path: ${here('../../node_modules')} } }`,
  ]
  return manifest
    .replace('spec:\n', 'apiVersion: v1\nkind: Pod\nmetadata: { name: app }\nspec:\n  restartPolicy: Never\n')
    .replace('    - name: app\n', (line) => more(line, ...image, '      command: [/usr/bin/node, /etc/app/app.mjs]'))
    .replace('      env:\n', (line) => more(line, '        - { name: NODE_EXTRA_CA_CERTS, value: /etc/app/ca.crt }'))
    .replace('volumeMounts: [', `volumeMounts: [${own}, `)
    .replace('  volumes:\n', (line) =>
      more(`  hostAliases: [{ ip: ${address}, hostnames: [kms.vault.svc] }]\n${line}`, ...volumes),
    )
}

/** A certificate for the name, and the CA that signed it, in the folder. */
function makeCertificate(folder: string, name: string): void {
  const path = (file: string) => join(folder, file)
  const key = (file: string) => ['-newkey', 'rsa:2048', '-nodes', '-keyout', path(file)]
  succeeds('openssl', ['req', '-x509', ...key('ca.key'), '-out', path('ca.pem'), '-days', '30', '-subj', '/CN=CA'])
  writeFileSync(path('names'), `subjectAltName=DNS:${name}\n`)
  succeeds('openssl', ['req', ...key('tls.key'), '-out', path('tls.csr'), '-subj', `/CN=${name}`])
  const signed = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-days', '30', '-extfile', path('names')]
  succeeds('openssl', ['x509', '-req', '-in', path('tls.csr'), '-out', path('tls.crt'), ...signed])
}

const APP = `
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
const require = createRequire('/modules/app.js')
const { default: Credential, Config } = require('@alicloud/credentials')
const { default: Client, EncryptRequest, DecryptRequest } = require('@alicloud/kms20160120')
const endpoint = 'kms.vault.svc:7700'
const credential = new Credential(new Config({ type: 'oidc_role_arn', stsEndpoint: endpoint }))
const client = new Client({ credential, endpoint, protocol: 'HTTPS', ca: readFileSync('/etc/app/ca.crt', 'utf8') })
const { ciphertextBlob } = await client.encrypt(new EncryptRequest({ keyId: 'alias/app', plaintext: 'from a pod' }))
const { plaintext } = await client.decrypt(new DecryptRequest({ ciphertextBlob }))
console.log(JSON.stringify({ id: (await credential.getCredential()).accessKeyId.slice(0, 4), opened: plaintext }))
`
