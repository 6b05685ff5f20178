// The API of a Kubernetes cluster: a real kube-apiserver on a real etcd, used as its administrator.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { freePort } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'

const BUILT = fileURLToPath(new URL('../../node_modules/.clients/kube-apiserver', import.meta.url))
const PAGE = readFileSync(fileURLToPath(new URL('../../docs/pods.md', import.meta.url)), 'utf8')
const ADMIN = 'admin-token'
const TOKENS = `${ADMIN},admin,1,"system:masters"\n`
const SECRETS = '/api/v1/namespaces/default/secrets'
const OF_THE_CLUSTER = ['CustomResourceDefinition', 'ClusterRole', 'ClusterRoleBinding']

/** What a cluster needs and this machine lacks. */
export function lackingForCluster(): readonly string[] {
  return [
    ...(existsSync(BUILT) ? [] : ['kube-apiserver (CONTRIBUTING.md says how to build it)']),
    ...(spawnSync('sh', ['-c', 'command -v etcd']).status === 0 ? [] : ['etcd']),
  ]
}

/** The manifest of this name in docs/pods.md. */
export function manifestOf(name: string): string {
  const [, manifest] = new RegExp(`^\`\`\`yaml ${name}\\n(.*?)^\`\`\``, 'ms').exec(PAGE) ?? []
  assert.ok(manifest, `docs/pods.md has no block ${name}`)
  return manifest
}

/** Ends what runs. */
export async function ended(child: ChildProcess | undefined): Promise<void> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

export class Cluster implements AsyncDisposable {
  readonly #folder: string
  readonly #etcdPort: number
  readonly port: number
  readonly #processes: ChildProcess[] = []

  private constructor(folder: string, etcdPort: number, port: number) {
    this.#folder = folder
    this.#etcdPort = etcdPort
    this.port = port
  }

  /** Starts one that keeps its files in the folder; `flags` are further ones of kube-apiserver. */
  static async start(folder: string, flags: readonly string[] = []): Promise<Cluster> {
    mkdirSync(folder, { recursive: true })
    const cluster = new Cluster(folder, await freePort(), await freePort())
    try {
      await cluster.#start(flags)
      return cluster
    } catch (error) {
      await cluster[Symbol.asyncDispose]()
      throw error
    }
  }

  async #start(flags: readonly string[]): Promise<void> {
    const encoding = { type: 'pkcs8', format: 'pem' } as const
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const signing = this.file('accounts.pem', String(privateKey.export(encoding)))
    const [etcd, peers] = [`http://127.0.0.1:${this.#etcdPort}`, `http://127.0.0.1:${await freePort()}`]
    const urls = ['--listen-client-urls', etcd, '--advertise-client-urls', etcd, '--listen-peer-urls', peers]
    this.#run('etcd', ['--data-dir', join(this.#folder, 'etcd'), ...urls])
    this.#run(BUILT, [
      `--etcd-servers=${etcd}`,
      ...['--bind-address=127.0.0.1', `--secure-port=${this.port}`, `--cert-dir=${join(this.#folder, 'certs')}`],
      ...[`--service-account-issuer=${this.issuer}`, `--service-account-jwks-uri=${this.issuer}/openid/v1/jwks`],
      ...[`--service-account-signing-key-file=${signing}`, `--service-account-key-file=${signing}`],
      ...['--authorization-mode=RBAC', `--token-auth-file=${this.file('tokens.csv', TOKENS)}`],
      ...['--service-cluster-ip-range=10.0.0.0/24', '--endpoint-reconciler-type=none'],
      ...flags,
    ])
    await until(async () => {
      for (const { spawnfile, exitCode } of this.#processes) assert.equal(exitCode, null, `${spawnfile} has ended`)
      return (await this.asked('/readyz').catch(() => null))?.body === 'ok'
    })
  }

  #run(command: string, args: readonly string[]): void {
    this.#processes.push(spawn(command, args, { stdio: 'ignore' }))
  }

  /** Writes a file of the cluster's folder; returns its path. */
  file(name: string, content: string): string {
    writeFileSync(join(this.#folder, name), content)
    return join(this.#folder, name)
  }

  /** The API's URL, and the issuer of its service accounts' tokens. */
  get issuer(): string {
    return `https://127.0.0.1:${this.port}`
  }

  /** The file of the CA of the API's certificate. */
  get caFile(): string {
    return join(this.#folder, 'certs/apiserver.crt')
  }

  /** A file by which programs use the API as its administrator. */
  kubeconfig(): string {
    const cluster = { server: this.issuer, 'certificate-authority': this.caFile }
    return this.file(
      'kubeconfig',
      JSON.stringify({
        ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'admin' },
        clusters: [{ name: 'cluster', cluster }],
        users: [{ name: 'admin', user: { token: ADMIN } }],
        contexts: [{ name: 'admin', context: { cluster: 'cluster', user: 'admin' } }],
      }),
    )
  }

  /** Calls the API; a string is a body in YAML. */
  async asked(path: string, method = 'GET', body?: object | string) {
    const type = typeof body === 'string' ? 'application/yaml' : 'application/json'
    const calling = request({
      ...{ host: '127.0.0.1', port: this.port, path, method, ca: readFileSync(this.caFile) },
      headers: { authorization: `Bearer ${ADMIN}`, 'content-type': type },
    })
    calling.end(typeof body === 'object' ? JSON.stringify(body) : body)
    const [response] = await once(calling, 'response')
    return { status: response.statusCode as number, body: await text(response) }
  }

  async must(path: string, method = 'GET', body?: object | string) {
    const answer = await this.asked(path, method, body)
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.body}`)
    return JSON.parse(answer.body)
  }

  /** Creates what a manifest of one document has, in the namespace `default` where it is of one. */
  async create(manifest: string): Promise<void> {
    const [, version = '', kind = ''] = /^apiVersion: (\S+)\nkind: (\S+)$/m.exec(manifest) ?? []
    const api = version.includes('/') ? `/apis/${version}` : `/api/${version}`
    const place = OF_THE_CLUSTER.includes(kind) ? api : `${api}/namespaces/default`
    await this.must(`${place}/${kind.toLowerCase()}s`, 'POST', manifest)
  }

  /** Creates the types of the files, and waits until their resources are served. */
  async define(...files: readonly string[]): Promise<void> {
    for (const file of files) await this.create(readFileSync(file, 'utf8').replace(/^(#.*\n|---\n)+/, ''))
    await until(async () => {
      const all = await this.must('/apis/apiextensions.k8s.io/v1/customresourcedefinitions')
      return all.items.every(({ status }: { status?: { conditions?: { type: string; status: string }[] } }) =>
        status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True'),
      )
    })
  }

  /** Whoever reaches the API may read the keys that verify its tokens, as a server that trusts them must. */
  async publishKeys(): Promise<void> {
    await this.must('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', 'POST', {
      metadata: { name: 'issuer-discovery' },
      roleRef: { kind: 'ClusterRole', name: 'system:service-account-issuer-discovery' },
      subjects: [{ kind: 'Group', name: 'system:unauthenticated' }],
    })
  }

  async serviceAccount(name: string): Promise<void> {
    await this.must('/api/v1/namespaces/default/serviceaccounts', 'POST', { metadata: { name } })
  }

  /** A token of this service account, of an hour: for the audience, or for the API itself. */
  async tokenOf(account: string, audience?: string): Promise<{ token: string; expirationTimestamp: string }> {
    const path = `/api/v1/namespaces/default/serviceaccounts/${account}/token`
    const spec = { expirationSeconds: 3600, ...(audience && { audiences: [audience] }) }
    return (await this.must(path, 'POST', { spec })).status
  }

  async createSecret(name: string, stringData: Record<string, string>): Promise<void> {
    await this.must(SECRETS, 'POST', { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData })
  }

  /** What a Secret holds, each value as latin1; null where there is none. */
  async secret(name: string): Promise<Record<string, string> | null> {
    const { status, body } = await this.asked(`${SECRETS}/${name}`)
    if (status === 404) return null
    assert.equal(status, 200, body)
    const data: Record<string, string> = JSON.parse(body).data ?? {}
    return Object.fromEntries(
      Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('latin1')]),
    )
  }

  /** What etcd stores of a Secret, as latin1. */
  async stored(name: string): Promise<string> {
    const key = Buffer.from(`/registry/secrets/default/${name}`).toString('base64')
    const range = { method: 'POST', body: JSON.stringify({ key }) }
    const answer = await (await fetch(`http://127.0.0.1:${this.#etcdPort}/v3/kv/range`, range)).json()
    const { kvs } = answer as { kvs: [{ value: string }] }
    return Buffer.from(kvs[0].value, 'base64').toString('latin1')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes.toReversed()) await ended(child)
  }
}
