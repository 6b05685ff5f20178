// The Debian package as its users get it: installed by dpkg in a fresh Debian, and run as its unit runs it, on the unit's user.
import assert from 'node:assert/strict'
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { makeDeb } from '../../scripts/deb.mjs'
import { makeInstalled } from '../../scripts/package.mjs'
import { removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'

/** A fresh Debian, packed, which later runs use again. */
const CACHE = '/var/cache/strongroom-tests'
const UNIT = fileURLToPath(new URL('../../deploy/debian/strongroom.service', import.meta.url))
const INCLUDED = 'systemd-standalone-sysusers,libstdc++6,libatomic1'

const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
const missing = ['mmdebstrap', 'dpkg-deb', 'systemd-analyze', 'unshare'].filter((program) => !has(program))
const reason =
  missing.length > 0
    ? `no ${missing.join(', ')} here`
    : process.getuid?.() !== 0 && 'dpkg in a tree of its own needs root'

describe('strongroom_VERSION_ARCH.deb', { skip: reason }, () => {
  const folder = temporaryFolder()
  const tree = join(folder, 'debian')
  const installed = join(folder, 'installed')
  let [deb, upgrade] = ['', '']

  before(() => {
    const suite = /VERSION_CODENAME=(\w+)/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? ''
    const packed = join(CACHE, `${suite}.tar`)
    mkdirSync(CACHE, { recursive: true })
    if (!existsSync(packed)) {
      succeeds('mmdebstrap', '--variant=minbase', `--include=${INCLUDED}`, suite, `${packed}.${process.pid}.tar`)
      renameSync(`${packed}.${process.pid}.tar`, packed)
    }
    mkdirSync(tree)
    succeeds('tar', '-xf', packed, '-C', tree, '--exclude=./dev/*')
    makeInstalled(installed)
    deb = makeDeb(folder, { tree: installed })
    upgrade = makeDeb(folder, { tree: installed, version: '99.0.0' })
  })
  after(() => removeFolder(folder))

  const succeeds = (program: string, ...args: string[]) => {
    const done: SpawnSyncReturns<string> = spawnSync(program, args, { encoding: 'utf8' })
    assert.equal(done.status, 0, done.stdout + done.stderr)
    return done.stdout
  }
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
    return succeeds(program, ...words)
  }
  const install = (path: string) => {
    succeeds('cp', path, join(tree, 'tmp'))
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
    succeeds(program, ...words)
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
    succeeds('sh', '-c', 'sed s,/usr/bin/strongroom,/bin/true, "$1" > "$2"', 'sh', UNIT, unit)
    assert.equal(succeeds('systemd-analyze', 'verify', '--man=no', unit), '')
    const [line = '', score] = /exposure level.*: ([\d.]+)/.exec(
      succeeds('systemd-analyze', 'security', '--offline=true', '--threshold=15', unit),
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
    succeeds('sed', '-i', 's/{/{ "max-keys": 1,/', configuration)
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
})
