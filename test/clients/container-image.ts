// The container image as its users get it: made twice, loaded by podman, and run on a root file system that nobody can write to.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { makeImage } from '../../scripts/image.mjs'
import { makeInstalled } from '../../scripts/package.mjs'
import { removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'

const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
const missing = ['buildah', 'mmdebstrap', 'podman', 'runc'].filter((program) => !has(program))
const reason = missing.length > 0 && `no ${missing.join(', ')} here`

describe('strongroom_VERSION_ARCH.tar', { skip: reason }, () => {
  const folder = temporaryFolder()
  /** Podman takes at most 50 characters. */
  const state = mkdtempSync('/tmp/podman-')
  const installed = join(folder, 'installed')
  let made = { path: '', digest: '' }
  before(() => {
    makeInstalled(installed)
    made = makeImage(folder, { installed })
  })
  after(() => {
    removeFolder(folder)
    removeFolder(state)
  })

  const podman = [
    ...['podman', '--root', join(folder, 'storage'), '--runroot', state],
    ...['--storage-driver', 'vfs', '--runtime', 'runc'],
  ] as const
  const succeeds = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(podman[0], [...podman.slice(1), ...args], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    return stdout.trim()
  }

  it('has the same digest when it is made again', () => {
    const again = join(folder, 'again')
    mkdirSync(again)
    assert.equal(makeImage(again, { installed }).digest, made.digest)
  })

  it('serves within 60 s, as user 65532 with a root that is read-only, and ends on SIGTERM', async () => {
    succeeds('load', '--quiet', '--input', made.path)
    const image = succeeds('images', '--format', '{{.Repository}}:{{.Tag}}')
    const account = {
      STRONGROOM_ACCOUNT_ID: '1234567890123456',
      STRONGROOM_ROOT_ACCESS_KEY_ID: 'LTAIcontainer',
      STRONGROOM_ROOT_ACCESS_KEY_SECRET: 'a secret of the test',
    }
    // Limits that a test machine permits: podman's own are above those of some.
    const limits = ['--ulimit', 'nofile=4096:4096', '--ulimit', 'nproc=4096:4096', '--cgroups', 'no-conmon']
    const safe = ['--read-only', '--cap-drop', 'all', '--security-opt', 'no-new-privileges', '--no-healthcheck']
    const variables = Object.keys(account).flatMap((name) => ['--env', name])
    const began = Date.now()
    const server = await startProgram({
      command: [
        ...podman,
        'run',
        '--rm',
        '--name',
        'kms',
        '--network',
        'host',
        ...limits,
        ...safe,
        ...variables,
        image,
      ],
      data: '/var/lib/strongroom',
      env: account,
    })
    try {
      const key = (await server.call('CreateKey')).body.KeyMetadata.KeyId
      assert.equal((await server.call('Encrypt', { KeyId: key, Plaintext: 'four apples' })).status, 200)
      const seconds = (Date.now() - began) / 1000
      console.log(`first Encrypt ${seconds.toFixed(1)} s after podman run began`)
      assert.ok(seconds < 60, `${seconds} s`)
      const exec = (...command: string[]) => succeeds('exec', 'kms', ...command)
      exec('/usr/bin/healthcheck', server.endpoint)
      assert.equal(exec('/usr/bin/node', '-p', 'process.getuid()'), '65532')
      const write = `try { fs.writeFileSync('/etc/x', '') } catch ({ code }) { console.log(code) }`
      assert.match(exec('/usr/bin/node', '-e', write), /^(EROFS|EACCES)$/)
      const shell = spawnSync(podman[0], [...podman.slice(1), 'exec', 'kms', '/bin/sh', '-c', 'true'])
      assert.notEqual(shell.status, 0)
      assert.equal(await server.stop('SIGTERM'), 0, server.log())
    } finally {
      await server.stop('SIGKILL')
    }
  })
})
