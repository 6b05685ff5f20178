// What `strongroom audit export` prints: on a terminal, nothing that commands it.
import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { commandLine } from '../../src/cli/command-line.ts'
import { openTestHouse } from '../house.ts'

describe('a printed export', () => {
  it('shows control characters of events as escapes on a terminal, and as they are elsewhere', async () => {
    await using house = await openTestHouse(null)
    await house.must('CreateKey', { Description: 'a\u009b2Jb' })
    const exported = async (printsToTerminal: boolean) => {
      const output = new PassThrough()
      const read = text(output)
      const code = await commandLine(['audit', 'export', '--data', house.data], {
        env: {},
        readFile: () => assert.fail('no file is read'),
        print: () => assert.fail('all of it goes to the output'),
        complain: assert.fail,
        status: () => {},
        output: output as never,
        input: () => Readable.from([]),
        printsToTerminal,
        terminal: false,
        ask: null,
      })
      assert.equal(code, 0)
      output.end()
      return read
    }
    const [printed, piped] = [await exported(true), await exported(false)]
    assert.match(printed, /a\\+u009b2Jb/)
    assert.doesNotMatch(printed, /[^\P{C}\n]/u)
    assert.match(piped, /a\u009b2Jb/)
  })
})
