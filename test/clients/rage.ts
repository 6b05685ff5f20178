// Files exchanged with rage, the implementation of age in Rust, which finds the plugin on its PATH. The usual tests do the same with age itself.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { randomBytes } from '../../src/runtime/random.ts'
import { runHere } from '../acceptance/line.ts'
import { BIN, removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'

const BUILT = fileURLToPath(new URL('../../node_modules/.clients/rage', import.meta.url))
const PATH = [dirname(BIN), join(BUILT, 'bin'), process.env['PATH']].join(delimiter)
const lacks =
  spawnSync('rage', ['--version'], { env: { ...process.env, PATH } }).status === 0
    ? false
    : `not run: no rage here (cargo install rage --version 0.11.1 --root ${BUILT})`

describe('stock rage', { skip: lacks }, () => {
  const folder = temporaryFolder()
  const file = (name: string) => join(folder, name)
  const content = randomBytes(200_000)
  let house: TestHouse
  let env: Record<string, string>
  before(async () => {
    house = await openTestHouse(null)
    house.now = Date.now()
    const { accessKeyId, accessKeySecret } = house.credentials
    env = {
      STRONGROOM_ENDPOINT: house.endpoint,
      ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
    }
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    await house.must('CreateAlias', { KeyId, AliasName: 'alias/rage' })
    writeFileSync(file('report'), content)
  })
  after(async () => {
    await house[Symbol.asyncDispose]()
    removeFolder(folder)
  })

  const printed = async (...words: string[]): Promise<string> => {
    const { code, out, err } = await runHere(words, env)
    assert.equal(code, 0, err)
    return out.trim()
  }
  const rage = async (...args: string[]) => {
    const child = spawn('rage', args, { env: { ...process.env, ...env, PATH }, stdio: ['ignore', 'pipe', 'pipe'] })
    let err = ''
    child.stderr.on('data', (text) => {
      err += text
    })
    const [code] = await once(child, 'close')
    return { code, err }
  }
  const mustRage = async (...args: string[]) => {
    const { code, err } = await rage(...args)
    assert.equal(code, 0, err)
  }

  it('writes what strongroom reads, in armor too, with a context', async () => {
    const recipient = await printed('age', 'recipient', '--key', 'alias/rage', '--context', 'project=apollo')
    for (const [name, ...more] of [['plain'], ['armor', '-a']] as const) {
      await mustRage(...more, '-r', recipient, '-o', file(`${name}.age`), file('report'))
      await printed('decrypt', file(`${name}.age`), '--context', 'project=apollo')
      assert.deepEqual(readFileSync(file(name)), content)
    }
    const other = await runHere(['decrypt', file('plain.age'), '--force', '--context', 'project=gemini'], env)
    assert.equal(other.code, 1)
  })

  it('reads what strongroom writes, in armor too, with an identity and by the name of the plugin', async () => {
    writeFileSync(file('identity'), `${await printed('age', 'identity')}\n`)
    for (const more of [[], ['--armor'], ['--context', `long=${'x'.repeat(8000)}`]]) {
      await printed('encrypt', file('report'), '--key', 'alias/rage', '--force', ...more)
      await mustRage('-d', '-i', file('identity'), '-o', file('opened'), file('report.age'))
      assert.deepEqual(readFileSync(file('opened')), content)
    }
    await mustRage('-d', '-j', 'strongroom', '-o', file('opened-by-name'), file('report.age'))
    assert.deepEqual(readFileSync(file('opened-by-name')), content)
  })

  it('writes beside a recipient of its own, and says why a key can not be used', async () => {
    const recipient = await printed('age', 'recipient', '--key', 'alias/rage')
    const own = spawnSync('rage-keygen', ['-o', file('own')], { encoding: 'utf8', env: { ...process.env, PATH } })
      .stderr.replace(/.*: /, '')
      .trim()
    await mustRage('-r', recipient, '-r', own, '-o', file('both.age'), file('report'))
    await printed('decrypt', file('both.age'))
    assert.deepEqual(readFileSync(file('both')), content)
    await mustRage('-d', '-i', file('own'), '-o', file('both-own'), file('both.age'))
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    await house.must('DisableKey', { KeyId })
    const refused = await rage(
      '-r',
      await printed('age', 'recipient', '--key', KeyId),
      '-o',
      file('no.age'),
      file('report'),
    )
    assert.notEqual(refused.code, 0)
    assert.match(refused.err, /Rejected\.Disabled: /)
  })
})
