// The fixtures of examples/testing/ in each language, run as a project of their reader's would be, with this program.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { pack } from '../../scripts/package.mjs'
import { BIN, removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { LANGUAGES, type Language, reasonToSkip } from './languages.ts'

const EXAMPLES = fileURLToPath(new URL('../../examples/testing', import.meta.url))
const TSC = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url))
const TYPES = '--noEmit --strict --target esnext --module nodenext --skipLibCheck --allowImportingTsExtensions'.split(
  ' ',
)

describe('examples/testing', () => {
  const folder = temporaryFolder()
  after(() => removeFolder(folder))

  /** The example in a folder of its own, where its tools leave what they make. */
  const project = (name: string) => {
    cpSync(join(EXAMPLES, name), join(folder, name), { recursive: true })
    return join(folder, name)
  }
  /** Runs a command there, which must succeed; returns what it printed. */
  const run = (cwd: string, command: string, ...args: string[]) => {
    const env = { ...process.env, STRONGROOM: BIN, PYTHONDONTWRITEBYTECODE: '1' }
    const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' })
    assert.equal(status, 0, `${error?.message ?? ''}${stdout}${stderr}`)
    return stripVTControlCharacters(stdout)
  }
  const skipOf = (name: string) => reasonToSkip(LANGUAGES.find(({ fence }) => fence === name) as Language)

  it('has a fixture of pytest', { skip: skipOf('python') }, () => {
    const cwd = project('python')
    run(cwd, 'python3', '-m', 'venv', 'venv')
    run(cwd, 'venv/bin/pip', 'install', '--quiet', 'pytest==9.2.0')
    assert.match(run(cwd, 'venv/bin/python', '-m', 'pytest', '-q', 'test_orders.py'), /1 passed/)
  })

  it('has a TestMain for Go', { skip: skipOf('go') }, () => {
    assert.match(run(project('go'), 'go', 'test', '-count=1', '-v', './...'), /^--- PASS: /m)
  })

  it('has an extension of JUnit', { skip: skipOf('java') }, () => {
    assert.match(run(project('java'), 'mvn', '-B', '-Dstyle.color=never', 'test'), /Tests run: 1, Failures: 0/)
  })

  it('has a fixture of Vitest, which takes the packed package', () => {
    const cwd = project('vitest')
    mkdirSync(join(folder, 'packed'))
    const manifest = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'))
    manifest.devDependencies.strongroom = `file:${pack(join(folder, 'packed'))}`
    writeFileSync(join(cwd, 'package.json'), JSON.stringify(manifest))
    run(cwd, 'npm', 'install', '--no-audit', '--no-fund')
    run(cwd, TSC, ...TYPES, 'orders.test.ts')
    assert.match(run(cwd, 'npm', 'test'), /Tests +1 passed/)
  })
})
