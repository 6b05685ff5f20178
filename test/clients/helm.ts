// The Helm chart: what it renders, by Helm itself, is what Kubernetes and the server take.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readSettings } from '../../src/settings/settings.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const HELM = here('../../node_modules/.clients/helm')
const DECODER = here('../../node_modules/.clients/helm-manifests/decoder')
const CHART = here('../../deploy/helm/strongroom')
const missing = [
  ...(existsSync(HELM) ? [] : ['helm']),
  ...(spawnSync('sh', ['-c', 'command -v go']).status === 0 ? [] : ['go']),
]

function helm(verb: readonly string[], values: object) {
  const args = [...verb, CHART, '--values', '-']
  return spawnSync(HELM, args, { input: JSON.stringify(values), encoding: 'utf8' })
}

/** The manifests for these values, which Kubernetes takes; and their kinds and names. */
function rendered(values: object): { readonly text: string; readonly kinds: readonly string[] } {
  const { status, stdout: text, stderr } = helm(['template', 'kms', '--namespace', 'vault'], values)
  assert.equal(status, 0, stderr)
  const decoded = spawnSync(DECODER, { input: text, encoding: 'utf8' })
  assert.equal(decoded.status, 0, decoded.stderr)
  return { text, kinds: decoded.stdout.trim().split('\n') }
}

/** The settings in the ConfigMap, as the server reads them. */
function settingsIn(text: string) {
  const [, block = ''] = /^ {2}strongroom\.json: \|\n((?: {4}.*\n)+)/m.exec(text) ?? []
  const env = { STRONGROOM_DATABASE: 'postgresql://db/strongroom', STRONGROOM_HSM_PIN: '1234' }
  return readSettings(['--config', 'settings'], env, (path) =>
    path === 'settings' ? block : 'a passphrase of some length',
  )
}

const SMALL = { tls: { secret: 'kms-tls' } }
const LARGE = {
  replicas: 3,
  workers: 'auto',
  settings: { 'retention-days': 365 },
  database: { secret: 'kms-database' },
  rootKey: { secret: 'kms-root-key' },
  account: { secret: 'kms-account' },
  tls: { secret: 'kms-tls' },
  traces: { endpoint: 'http://collector:4318/v1/traces' },
  metrics: { serviceMonitor: { enabled: true, labels: { release: 'prometheus' } } },
  persistence: { storageClass: 'fast' },
  service: { type: 'LoadBalancer', port: 443, externalTrafficPolicy: 'Local', annotations: { a: 'b' } },
  networkPolicy: { enabled: true, clients: [{ podSelector: {} }], monitoring: [{ namespaceSelector: {} }] },
  imagePullSecrets: [{ name: 'pull' }],
  podAnnotations: { c: 'd' },
  nodeSelector: { e: 'f' },
  tolerations: [{ key: 'g', operator: 'Exists' }],
  affinity: { nodeAffinity: {} },
  topologySpreadConstraints: [{ topologyKey: 'h', maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }],
  priorityClassName: 'high',
  extraEnv: [{ name: 'OTEL_SERVICE_NAME', value: 'kms' }],
  extraVolumes: [{ name: 'ca', secret: { secretName: 'ca' } }],
  extraVolumeMounts: [{ name: 'ca', mountPath: '/etc/strongroom/db' }],
}
const HSM = {
  ...SMALL,
  hsm: { enabled: true, module: '/opt/hsm/lib.so', token: 'left,right', pinSecret: 'pin' },
  rootKey: { provider: 'hsm' },
  tls: { mode: 'self-signed' },
}
const PLAIN = { tls: { mode: 'off' }, metrics: { enabled: false }, persistence: { enabled: false } }

describe('the Helm chart', {
  skip: missing.length === 0 ? false : `not run: no ${missing.join(' and no ')} here`,
}, () => {
  before(() => {
    mkdirSync(dirname(DECODER), { recursive: true })
    const build = spawnSync('go', ['build', '-o', DECODER, '.'], { cwd: here('helm'), encoding: 'utf8' })
    assert.equal(build.status, 0, build.stderr)
  })

  it('passes `helm lint`', () => {
    for (const values of [SMALL, LARGE, HSM, PLAIN]) {
      const { status, stdout } = helm(['lint', '--strict'], values)
      assert.equal(status, 0, stdout)
    }
  })

  it('is one server on SQLite by default', () => {
    const { text, kinds } = rendered(SMALL)
    assert.deepEqual(kinds, ['v1/ConfigMap kms', 'v1/Service kms', 'v1/Service kms-pods', 'apps/v1/StatefulSet kms'])
    const { listen, data, tls, metrics, workers } = settingsIn(text)
    assert.deepEqual(listen, [{ host: '0.0.0.0', port: 7700, region: null }])
    assert.equal(data, '/var/lib/strongroom')
    assert.deepEqual(tls, { cert: '/etc/strongroom/tls/tls.crt', key: '/etc/strongroom/tls/tls.key' })
    assert.deepEqual(metrics, { host: '0.0.0.0', port: 9700, plain: false })
    assert.equal(workers, 0)
    for (const line of ['readOnlyRootFilesystem: true', 'runAsNonRoot: true', 'allowPrivilegeEscalation: false'])
      assert.ok(text.includes(line), line)
    assert.equal(/privileged: true|hostPath|hostNetwork/.test(text), false)
  })

  it('is several servers on PostgreSQL, with everything that it has', () => {
    const { text, kinds } = rendered(LARGE)
    assert.deepEqual(kinds.toSorted(), [
      'apps/v1/StatefulSet kms',
      'monitoring.coreos.com/v1/ServiceMonitor kms',
      'networking.k8s.io/v1/NetworkPolicy kms',
      'policy/v1/PodDisruptionBudget kms',
      'v1/ConfigMap kms',
      'v1/Service kms',
      'v1/Service kms-pods',
    ])
    const settings = settingsIn(text)
    assert.equal(settings.retentionDays, 365)
    assert.equal(settings.workers, 'auto')
    assert.equal(settings.traces?.url, 'http://collector:4318/v1/traces')
    assert.match(text, /name: STRONGROOM_DATABASE\n +valueFrom: \{ secretKeyRef: \{ name: kms-database, key: url \} \}/)
    assert.match(text, /serverName: kms\.vault\.svc/)
  })

  it('uses an HSM, makes its certificate, or leaves HTTPS to others', () => {
    const hsm = settingsIn(rendered(HSM).text)
    assert.equal(hsm.hsm?.module, '/opt/hsm/lib.so')
    assert.deepEqual(hsm.tls, { selfSignedFor: hsm.tls && 'selfSignedFor' in hsm.tls ? hsm.tls.selfSignedFor : [] })
    assert.ok(hsm.tls && 'selfSignedFor' in hsm.tls && hsm.tls.selfSignedFor.includes('kms.vault.svc'))
    const plain = settingsIn(rendered(PLAIN).text)
    assert.equal(plain.tls, null)
    assert.equal(plain.metrics, null)
    const passphrase = { ...SMALL, rootKey: { provider: 'passphrase', secret: 'p' } }
    assert.equal(settingsIn(rendered(passphrase).text).passphrase, 'a passphrase of some length')
  })

  it('refuses values that can not work, and names them', () => {
    const wrong: readonly (readonly [object, RegExp])[] = [
      [{}, /tls\/secret/],
      [{ ...SMALL, replicas: 2 }, /database\/secret[\s\S]*rootKey\/secret/],
      [{ ...SMALL, rootKey: { provider: 'hsm' } }, /hsm\/enabled/],
      [{ ...SMALL, hsm: { enabled: true } }, /hsm\/module/],
      [{ ...SMALL, replica: 2 }, /replica/],
      [{ ...SMALL, workers: 'many' }, /workers/],
    ]
    for (const [values, why] of wrong) {
      const { status, stderr } = helm(['template', 'kms'], values)
      assert.notEqual(status, 0)
      assert.match(stderr, why)
    }
  })

  it('has the manifests of the same API versions as its page says', () => {
    assert.match(readFileSync(`${CHART}/README.md`, 'utf8'), /Kubernetes 1\.30 or later/)
    assert.match(readFileSync(`${CHART}/Chart.yaml`, 'utf8'), /^kubeVersion: ">=1\.30\.0-0"$/m)
  })
})
