// External Secrets' own code of its provider for Alibaba Cloud, with the stores of docs/pods.md: by an AccessKey, and by a pod's token.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { type Program, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { TestIssuer } from '../sts/issuer.ts'
import { manifestOf } from './cluster.ts'
import { createRole, must, ram, SECRETS_POLICY, trusted } from './trust.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const BUILT = here('../../node_modules/.clients/external-secrets')
const hasGo = spawnSync('sh', ['-c', 'command -v go']).status === 0
/** The names that the provider derives from its region. */
const NAMES = ['kms.cn-hangzhou.aliyuncs.com', 'sts.aliyuncs.com']

/** In place of the cluster's DNS: leads connections to the cloud's names to the server. */
async function leading(port: number): Promise<Server> {
  const proxy = createServer()
  proxy.on('connect', (request, client) => {
    const isOurs = NAMES.some((name) => request.url === `${name}:443`)
    const server = connect(isOurs ? port : 0, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n')
      server.pipe(client).pipe(server)
    })
    server.on('error', () => client.destroy())
    client.on('error', () => server.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return proxy
}

describe('External Secrets', { skip: hasGo ? false : 'not run: no go here' }, () => {
  const folder = temporaryFolder()
  const token = join(folder, 'token')
  let [issuer, server, proxy]: [TestIssuer?, Program?, Server?] = []

  before(async () => {
    mkdirSync(BUILT, { recursive: true })
    const build = spawnSync('go', ['build', '-o', join(BUILT, 'client'), '.'], { cwd: here('external-secrets') })
    assert.equal(build.status, 0, String(build.stderr))
    issuer = await TestIssuer.start()
    const keys = join(folder, 'keys.json')
    writeFileSync(keys, JSON.stringify(issuer.keySet))
    writeFileSync(token, await issuer.token(Date.now()))
    server = await startProgram({
      data: join(folder, 'data'),
      flags: [
        ...['--tls', 'self-signed', '--tls-names', NAMES.join()],
        ...['--oidc-pinned-keys', `${issuer.url()}=${keys}`],
      ],
    })
    setDefaultCACertificates([readFileSync(join(server.data, 'tls/ca.pem'), 'utf8')])
    proxy = await leading(Number(new URL(server.endpoint).port))
    const data = (password: string) => JSON.stringify({ user: 'app', password })
    await must(server, 'CreateSecret', { SecretName: 'db', VersionId: 'v1', SecretData: data('hunter1') })
    await must(server, 'PutSecretValue', { SecretName: 'db', VersionId: 'v2', SecretData: data('hunter2') })
    await createRole(server, 'app', await trusted(server, issuer.url(), 'app'))
    await ram(server, 'AttachPolicyToRole', { RoleName: 'app', ...SECRETS_POLICY })
  })
  after(async () => {
    proxy?.close()
    proxy?.closeAllConnections()
    await server?.stop()
    await issuer?.[Symbol.asyncDispose]()
    removeFolder(folder)
  })

  for (const name of ['external-secrets-access-key', 'external-secrets-pod'])
    it(`reads a secret, one field, all fields and an earlier version by the store ${name}`, async () => {
      assert.ok(server && proxy)
      const { accountId, accessKeyId, accessKeySecret } = server.credentials
      const file = join(folder, `${name}.yaml`)
      const manifest = manifestOf(name).replaceAll('ACCOUNT', accountId)
      writeFileSync(file, manifest.replace('/var/run/secrets/strongroom/token', token))
      const child = spawn(join(BUILT, 'client'), [file], {
        env: {
          HTTPS_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
          SSL_CERT_FILE: join(server.data, 'tls/ca.pem'),
          ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
          ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const { missing, ...read } = JSON.parse(await text(child.stdout))
      const all = { user: 'app', password: 'hunter2' }
      assert.deepEqual(read, { ready: 'Ready', one: 'hunter2', earlier: 'hunter1', all })
      assert.match(missing, /Forbidden\.ResourceNotFound/)
    })
})
