// Files exchanged with rage, the implementation of age in Rust, which finds the plugin on its PATH. The usual tests do the same with age itself.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { randomBytes } from '../../src/runtime/random.ts'
import { Commands, pathOfPlugin, runAge } from '../files/commands.ts'

const BUILT = fileURLToPath(new URL('../../node_modules/.clients/rage', import.meta.url))
const PATH = pathOfPlugin(join(BUILT, 'bin'))
const lacks =
  spawnSync('rage', ['--version'], { env: { ...process.env, PATH } }).status === 0
    ? false
    : `not run: no rage here (cargo install rage --version 0.11.1 --root ${BUILT})`

describe('stock rage', { skip: lacks }, () => {
  const content = randomBytes(200_000)
  let commands: Commands
  before(async () => {
    commands = await Commands.open('alias/rage')
    writeFileSync(file('report'), content)
  })
  after(() => commands[Symbol.asyncDispose]())
  const file = (name: string) => commands.file(name)
  const printed = (...words: string[]) => commands.printed(...words)
  const rage = (...args: string[]) => runAge('rage', args, { ...commands.env, PATH })
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
    const other = await commands.run('decrypt', file('plain.age'), '--force', '--context', 'project=gemini')
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
    const { KeyId } = (await commands.house.must('CreateKey')).KeyMetadata
    await commands.house.must('DisableKey', { KeyId })
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
