// The provider of docs/kubernetes.md under kube-apiserver's own code: it loads the configuration that we ship, and encrypts what goes to etcd.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { BIN, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const BUILT = here('../../node_modules/.clients/kubernetes/client')
const hasGo = spawnSync('sh', ['-c', 'command -v go']).status === 0

describe('kube-apiserver', { skip: hasGo ? false : 'not run: no go here' }, () => {
  it('encrypts Secrets by the provider, and its manifests are well formed', async () => {
    mkdirSync(here('../../node_modules/.clients/kubernetes'), { recursive: true })
    const build = spawnSync('go', ['build', '-o', BUILT, '.'], { cwd: here('kubernetes'), encoding: 'utf8' })
    assert.equal(build.status, 0, build.stderr)
    const folder = temporaryFolder()
    const socket = join(folder, 'kms.sock')
    const server = await startProgram({ data: join(folder, 'data') })
    const { KeyId } = (await server.call('CreateKey')).body.KeyMetadata
    const provider = spawn(
      BIN,
      ['kubernetes-kms', '--key', KeyId, '--socket', socket, '--data', join(folder, 'data')],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, STRONGROOM_ENDPOINT: server.endpoint },
      },
    )
    try {
      await once(createInterface(provider.stdout), 'line')
      const shipped = readFileSync(here('../../deploy/kubernetes/encryption-configuration.yaml'), 'utf8')
      const configuration = join(folder, 'encryption-configuration.yaml')
      writeFileSync(configuration, shipped.replace('/run/strongroom/kms.sock', socket))
      const manifest = here('../../deploy/kubernetes/strongroom-kms-pod.yaml')
      const { status, stdout, stderr } = spawnSync(BUILT, [configuration, manifest], { encoding: 'utf8' })
      assert.equal(status, 0, stderr)
      const shown = { bound: true, hidden: true, prefix: 'k8s:enc:kms:v2:strongroom:', same: true, stale: false }
      assert.deepEqual(JSON.parse(stdout), shown)
    } finally {
      provider.kill()
      await server.stop()
      removeFolder(folder)
    }
  })
})
