// Vault's own wrapper for `seal "alicloudkms"`, which unseals a server by a CMK, over HTTPS.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { type Program, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const BUILT = here('../../node_modules/.clients/auto-unseal')
const hasGo = spawnSync('sh', ['-c', 'command -v go']).status === 0

describe('auto-unseal', { skip: hasGo ? false : 'not run: no go here' }, () => {
  const folder = temporaryFolder()
  let server: Program
  let key = ''
  before(async () => {
    mkdirSync(BUILT, { recursive: true })
    const build = spawnSync('go', ['build', '-o', join(BUILT, 'client'), '.'], { cwd: here('auto-unseal') })
    assert.equal(build.status, 0, String(build.stderr))
    server = await startProgram({ data: join(folder, 'data'), flags: ['--tls', 'self-signed'] })
    setDefaultCACertificates([readFileSync(join(server.data, 'tls/ca.pem'), 'utf8')])
    key = (await server.call('CreateKey')).body.KeyMetadata.KeyId
    await server.call('CreateAlias', { AliasName: 'alias/unseal', KeyId: key })
  })
  after(async () => {
    await server.stop()
    removeFolder(folder)
  })

  const run = (what: 'seal' | 'unseal', input: string) => {
    const { accessKeyId, accessKeySecret } = server.credentials
    const env = {
      VAULT_ALICLOUDKMS_SEAL_KEY_ID: 'alias/unseal',
      ALICLOUD_REGION: 'cn-hangzhou',
      ALICLOUD_DOMAIN: new URL(server.endpoint).host,
      ALICLOUD_ACCESS_KEY: accessKeyId,
      ALICLOUD_SECRET_KEY: accessKeySecret,
      SSL_CERT_FILE: join(server.data, 'tls/ca.pem'),
    }
    return spawnSync(join(BUILT, 'client'), [what], { env, input, encoding: 'utf8' })
  }

  it('seals under the CMK of an alias and unseals, unless the CMK is disabled', async () => {
    const { stdout: sealed, stderr } = run('seal', 'the root key of a vault')
    assert.equal(stderr, '')
    assert.equal(JSON.parse(sealed).key_info.key_id, key)
    assert.equal(run('unseal', sealed).stdout, 'the root key of a vault')
    assert.equal((await server.call('DisableKey', { KeyId: key })).status, 200)
    const locked = run('unseal', sealed)
    assert.equal(locked.status, 1)
    assert.match(locked.stderr, /Rejected\.Disabled/)
    assert.equal((await server.call('EnableKey', { KeyId: key })).status, 200)
    assert.equal(run('unseal', sealed).stdout, 'the root key of a vault')
  })
})
