// The Debian package as its users get it: installed by dpkg in a fresh Debian, and run as its unit runs it, on the unit's user.
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeDeb } from '../../scripts/deb.mjs'
import { makeInstalled } from '../../scripts/package.mjs'
import { removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { providerAt } from '../kubernetes/provider-at.ts'
import { until } from '../until.ts'
import { lacks, packedDebian, succeeds, unpackDebian } from './debian.ts'
import { Podman, withoutPodman } from './podman.ts'
import { BootedDebian } from './systemd.ts'

const UNIT = fileURLToPath(new URL('../../deploy/debian/strongroom.service', import.meta.url))
const PROVIDER_UNIT = fileURLToPath(new URL('../../deploy/kubernetes/strongroom-kms.service', import.meta.url))
const INCLUDED = ['systemd-standalone-sysusers', 'libstdc++6', 'libatomic1']

const reason =
  lacks('mmdebstrap', 'dpkg-deb', 'systemd-analyze', 'unshare') ||
  (process.getuid?.() !== 0 && 'dpkg in a tree of its own needs root')

describe('strongroom_VERSION_ARCH.deb', { skip: reason }, () => {
  const folder = temporaryFolder()
  const tree = join(folder, 'debian')
  const installed = join(folder, 'installed')
  let [deb, upgrade] = ['', '']

  before(() => {
    unpackDebian(packedDebian('', INCLUDED), tree)
    makeInstalled(installed)
    deb = makeDeb(folder, { tree: installed })
    upgrade = makeDeb(folder, { tree: installed, version: '99.0.0' })
  })
  after(() => removeFolder(folder))

  /** What runs a command in the tree: as the user, in a mount namespace that ends with it. */
  const inTree = (user: string, ...command: string[]) =>
    [
      'unshare',
      '--mount',
      'sh',
      '-c',
      `mount --bind /dev "$1/dev" && mount -t proc proc "$1/proc" && tree=$1 && shift && exec chroot --userspec=${user}:${user} --groups= "$tree" "$@"`,
      'sh',
      tree,
      ...command,
    ] as const
  const dpkg = (...args: string[]) => {
    const [program, ...words] = inTree('root', 'dpkg', ...args)
    return succeeds(program, words)
  }
  const install = (path: string) => {
    succeeds('cp', [path, join(tree, 'tmp')])
    return dpkg('--install', `/tmp/${basename(path)}`)
  }

  const account = {
    STRONGROOM_ACCOUNT_ID: '1234567890123456',
    STRONGROOM_ROOT_ACCESS_KEY_ID: 'LTAIdebian',
    STRONGROOM_ROOT_ACCESS_KEY_SECRET: 'a secret of the test',
  }
  /** Starts what the unit starts, with its variables, where systemd would have made its folders and handed over the root key. */
  const start = () => {
    const credentials = '/run/credentials/strongroom.service'
    const [program, ...words] = inTree(
      'root',
      'sh',
      '-ec',
      `install -d -o strongroom -g strongroom -m 700 /var/lib/strongroom /var/cache/strongroom ${credentials}
       install -o strongroom -m 400 /etc/strongroom/root-key ${credentials}/root-key`,
    )
    succeeds(program, words)
    const lines = readFileSync(join(tree, 'usr/lib/systemd/system/strongroom.service'), 'utf8').split('\n')
    const values = (name: string) =>
      lines.filter((line) => line.startsWith(`${name}=`)).map((line) => line.slice(name.length + 1))
    const variables = values('Environment').map((value) =>
      value.replace('%d', credentials).replace('%C', '/var/cache').split(/=(.*)/).slice(0, 2),
    )
    const [command = ''] = values('ExecStart')
    const [user = ''] = values('User')
    return startProgram({
      command: inTree(user, ...command.split(' ')),
      data: '/var/lib/strongroom',
      env: { ...account, ...Object.fromEntries(variables) },
    })
  }

  it('is the same, byte for byte, when it is made again', () => {
    const again = join(folder, 'again')
    mkdirSync(again)
    assert.ok(readFileSync(makeDeb(again, { tree: installed })).equals(readFileSync(deb)))
  })

  it('has a unit that systemd accepts and scores as little exposed', () => {
    const unit = join(folder, 'strongroom.service')
    // Its program is in the tree, not here.
    succeeds('sh', ['-c', 'sed s,/usr/bin/strongroom,/bin/true, "$1" > "$2"', 'sh', UNIT, unit])
    assert.equal(succeeds('systemd-analyze', ['verify', '--man=no', unit]), '')
    const [line = '', score] = /exposure level.*: ([\d.]+)/.exec(
      succeeds('systemd-analyze', ['security', '--offline=true', '--threshold=15', unit]),
    ) ?? ['']
    console.log(`strongroom.service: ${line}`)
    assert.ok(Number(score) <= 1.5, line)
  })

  let [key, blob] = ['', '']
  it('serves after `dpkg -i`, on the unit’s user, and ends on SIGTERM', async () => {
    const began = Date.now()
    assert.match(install(deb), /root-key is new\. Back it up/)
    const server = await start()
    key = (await server.call('CreateKey')).body.KeyMetadata.KeyId
    blob = (await server.call('Encrypt', { KeyId: key, Plaintext: 'four apples' })).body.CiphertextBlob
    assert.ok(blob)
    console.log(`first Encrypt ${((Date.now() - began) / 1000).toFixed(1)} s after dpkg -i began`)
    assert.equal((await fetch(`${server.endpoint}/console`)).status, 200)
    const uid = /^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${server.process.pid}/status`, 'utf8'))?.[1]
    assert.notEqual(uid, '0')
    assert.equal(await server.stop('SIGTERM'), 0, server.log())
  })

  it('keeps data, root key and changed configuration over an upgrade', async () => {
    const configuration = join(tree, 'etc/strongroom/strongroom.json')
    succeeds('sed', ['-i', 's/{/{ "max-keys": 1,/', configuration])
    const rootKey = readFileSync(join(tree, 'etc/strongroom/root-key'), 'utf8')
    assert.doesNotMatch(install(upgrade), /root-key is new/)
    assert.equal(readFileSync(join(tree, 'etc/strongroom/root-key'), 'utf8'), rootKey)
    const server = await start()
    assert.equal((await server.call('Decrypt', { CiphertextBlob: blob })).body.Plaintext, 'four apples')
    assert.equal((await server.call('CreateKey')).body.Code, 'Rejected.LimitExceeded')
    assert.equal(await server.stop('SIGTERM'), 0, server.log())
  })

  it('keeps data and root key when it is purged, and says so', () => {
    assert.match(dpkg('--purge', 'strongroom'), /kept \/etc\/strongroom\/root-key and \/var\/lib\/strongroom/)
    assert.ok(existsSync(join(tree, 'var/lib/strongroom/strongroom.db')))
    assert.ok(existsSync(join(tree, 'etc/strongroom/root-key')))
    for (const gone of ['usr/lib/strongroom', 'etc/strongroom/strongroom.json', 'var/cache/strongroom'])
      assert.ok(!existsSync(join(tree, gone)), gone)
    rmSync(join(tree, 'etc/strongroom/root-key'))
    // A data folder without its root key gets no new one: that would not open it.
    assert.doesNotMatch(install(deb), /root-key is new/)
    assert.ok(!existsSync(join(tree, 'etc/strongroom/root-key')))
  })
  it('runs under systemd as its unit says, beside kube-apiserver’s provider, and again after kill -9', {
    skip: withoutPodman,
  }, async () => {
    const booting = join(folder, 'booting')
    unpackDebian(packedDebian('-systemd', BootedDebian.PACKAGES), booting)
    cpSync(deb, join(booting, 'var/cache', basename(deb)))
    using podman = new Podman(folder)
    await using debian = await BootedDebian.boot(podman, booting)
    const kms = (operation: string, print: string, ...parameters: string[]) =>
      debian.run('strongroom', 'kms', operation, ...parameters, '--print', print, '--data', '/var/lib/strongroom')
    const journal = (unit = 'strongroom') => debian.run('journalctl', '--unit', unit, '--output', 'cat', '--no-pager')
    const starts = () => journal().split('"event":"ready"').length - 1
    const began = Date.now()
    debian.run('dpkg', '--install', `/var/cache/${basename(deb)}`)
    assert.equal(debian.run('systemctl', 'is-enabled', 'strongroom'), 'enabled')
    await until(() => starts() === 1)
    const encrypted = kms('CreateKey', 'KeyMetadata.KeyId')
    const ciphertext = kms('Encrypt', 'CiphertextBlob', '--KeyId', encrypted, '--Plaintext', 'four apples')
    console.log(`first Encrypt ${((Date.now() - began) / 1000).toFixed(1)} s after dpkg -i began, under systemd`)
    const { accessKeyId, accessKeySecret } = JSON.parse(debian.run('cat', '/var/lib/strongroom/root-credentials.json'))
    assert.ok(!journal().includes(accessKeySecret))

    kms('CreateAlias', 'RequestId', '--AliasName', 'alias/cluster', '--KeyId', encrypted)
    cpSync(PROVIDER_UNIT, join(booting, 'etc/systemd/system', basename(PROVIDER_UNIT)))
    writeFileSync(
      join(booting, 'etc/strongroom/kms.env'),
      `STRONGROOM_ENDPOINT=http://127.0.0.1:7700
ALIBABA_CLOUD_ACCESS_KEY_ID=${accessKeyId}
ALIBABA_CLOUD_ACCESS_KEY_SECRET=${accessKeySecret}
`,
      { mode: 0o600 },
    )
    debian.run('systemctl', 'daemon-reload')
    debian.run('systemctl', 'start', 'strongroom-kms')
    await until(() => {
      if (debian.show('strongroom-kms', 'NRestarts') !== '0') assert.fail(journal('strongroom-kms'))
      return journal('strongroom-kms').includes('"event":"ready"')
    })
    assert.equal(debian.run('stat', '--format', '%U %a', '/run/strongroom'), 'root 700')
    const { healthz, keyId } = await providerAt(debian.path('/run/strongroom/kms.sock')).status({})
    assert.equal(healthz, 'ok')
    assert.match(keyId, new RegExp(`^${encrypted}/`))

    const pid = debian.show('strongroom', 'MainPID')
    const status = debian.run('cat', `/proc/${pid}/status`)
    const uid = debian.run('id', '--user', 'strongroom')
    for (const line of [`Uid:\t${uid}\t`, 'CapEff:\t0000000000000000', 'NoNewPrivs:\t1', 'Seccomp:\t2'])
      assert.ok(status.includes(line), `${line} is not in ${status}`)
    /** What the shell says as the server's user, where the server is. */
    const inside = (line: string) => {
      const enter = ['nsenter', '--target', pid, '--mount', '--user', '--preserve-credentials', 'setpriv']
      return debian.run(...enter, '--reuid', uid, '--regid', uid, '--keep-groups', 'sh', '-c', `(${line}) 2>&1 || true`)
    }
    for (const place of ['/etc/x', '/usr/x', '/var/log/x', '/run/x'])
      assert.match(inside(`touch ${place}`), /Read-only file system|Permission denied/, place)
    for (const file of ['/var/lib/strongroom/x', '/var/cache/strongroom/x', '/tmp/x'])
      assert.equal(inside(`touch ${file} && rm ${file}`), '', file)
    assert.match(inside('cat /etc/strongroom/root-key'), /Permission denied/)
    assert.match(inside('wc -c < /run/credentials/strongroom.service/root-key'), /^64$/)
    assert.equal(inside('find /dev -type b'), '')
    assert.equal(inside('ls /proc | grep -cx 1'), '0')

    debian.run('sh', '-c', `kill -9 ${pid}`)
    await until(() => starts() === 2)
    assert.equal(debian.show('strongroom', 'NRestarts'), '1')
    assert.equal(kms('Decrypt', 'Plaintext', '--CiphertextBlob', ciphertext), 'four apples')
    debian.run('systemctl', 'stop', 'strongroom')
    assert.equal(debian.show('strongroom', 'Result'), 'success')
  })
})
