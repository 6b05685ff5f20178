// The tour in the README, run as it is written, against a server that its first command would start.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { removeFolder, startProgram, temporaryFolder } from './program.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

describe('the five-minute tour', () => {
  it('works as it is written', async () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
    const [, tour = ''] = readme.split('## A five-minute tour')
    const blocks = (language: string) =>
      [...tour.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, code]) => code ?? '')
    assert.ok(blocks('sh').length >= 5)

    const folder = temporaryFolder()
    for (const name of ['bin', 'src', 'node_modules', 'package.json']) symlinkSync(join(ROOT, name), join(folder, name))
    const program = await startProgram({ data: join(folder, 'data') })
    const env = { ...process.env, STRONGROOM_ENDPOINT: program.endpoint }
    const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', blocks('sh').join('\n')], {
      cwd: folder,
      env,
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    assert.ok(stdout.includes('four apples\n'))
    const [snippet = ''] = blocks('js')
    const code = snippet.replace('http://127.0.0.1:7700', program.endpoint)
    const answer = execFileSync(process.execPath, ['--input-type=commonjs', '-e', code], {
      cwd: folder,
      encoding: 'utf8',
    })
    assert.match(answer, /CiphertextBlob/)
    await program.stop()
    removeFolder(folder)
  })
})
