import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { BIN, removeFolder, temporaryFolder } from '../../test/acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../../test/house.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const has = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0

const isRoot = process.getuid?.() === 0
const lacks = !has('cryptsetup') ? 'the disk was not run: no cryptsetup here' : false
const mapper = spawnSync('grep', ['-q', 'device-mapper', '/proc/misc']).status === 0
const cantMap = !isRoot || !has('losetup') || !mapper
const unmapped = cantMap
  ? 'the volume was not opened: it needs root, loop devices and device-mapper in the kernel'
  : false

describe('examples/disk', { skip: lacks }, () => {
  const folder = temporaryFolder()
  const image = join(folder, 'image')
  let house: TestHouse
  let key: string
  before(async () => {
    house = await openTestHouse(null)
    house.now = Date.now()
    key = (await house.must('CreateKey')).KeyMetadata.KeyId
    writeFileSync(image, '')
    truncateSync(image, 32 * 2 ** 20)
    configure(image)
  })
  after(async () => {
    await house[Symbol.asyncDispose]()
    removeFolder(folder)
  })

  function configure(device: string): void {
    const { accessKeyId, accessKeySecret } = house.credentials
    const lines = [
      `DEVICE=${device}`,
      `KEY=${key}`,
      `STRONGROOM=${BIN}`,
      `STRONGROOM_ENDPOINT=${house.endpoint}`,
      `ALIBABA_CLOUD_ACCESS_KEY_ID=${accessKeyId}`,
      `ALIBABA_CLOUD_ACCESS_KEY_SECRET=${accessKeySecret}`,
    ]
    writeFileSync(join(folder, 'data.conf'), `${lines.join('\n')}\n`)
  }

  function disk(verb: string): Promise<{ code: number | null; said: string }> {
    const child = spawn(here('strongroom-disk'), [verb, 'data'], {
      env: { ...process.env, STRONGROOM_DISK_FOLDER: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        said += text
      })
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, said })))
  }

  it('formats a volume, opens it with the data key, and changes that', async () => {
    assert.deepEqual(await disk('format'), { code: 0, said: '' })
    assert.deepEqual(await disk('check'), { code: 0, said: '' })
    const before = readFileSync(join(folder, 'data.key'), 'utf8')
    assert.deepEqual(await disk('change-key'), { code: 0, said: '' })
    assert.notEqual(readFileSync(join(folder, 'data.key'), 'utf8'), before)
    assert.equal(existsSync(join(folder, 'data.key.new')), false)
    assert.deepEqual(await disk('check'), { code: 0, said: '' })
    const again = await disk('format')
    assert.deepEqual([again.code, /already/.test(again.said)], [1, true])
    writeFileSync(join(folder, 'data.key'), before)
    const former = await disk('check')
    assert.equal(former.code, 2, 'the former data key opens nothing')
  })

  it('stays closed once the owner disabled the CMK', async () => {
    await house.must('DisableKey', { KeyId: key })
    const { code, said } = await disk('check')
    assert.deepEqual([code, /Rejected\.Disabled:/.test(said)], [1, true], said)
    await house.must('EnableKey', { KeyId: key })
  })

  it('is opened and closed at a loop device', { skip: unmapped }, async () => {
    truncateSync(image, 0)
    truncateSync(image, 32 * 2 ** 20)
    const device = spawnSync('losetup', ['-f', '--show', image], { encoding: 'utf8' }).stdout.trim()
    try {
      configure(device)
      for (const verb of ['format', 'open', 'close']) assert.equal((await disk(verb)).code, 0, verb)
    } finally {
      spawnSync('losetup', ['-d', device])
    }
  })

  it('has a unit that systemd takes', { skip: has('systemd-analyze') ? false : 'no systemd here' }, () => {
    const unit = readFileSync(here('strongroom-disk@.service'), 'utf8')
    const path = join(folder, 'strongroom-disk@data.service')
    writeFileSync(path, unit.replaceAll('/usr/local/sbin/strongroom-disk', here('strongroom-disk')))
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.equal(stderr.includes('strongroom-disk'), false, stderr)
  })
})
