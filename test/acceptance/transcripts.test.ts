// The command line, specified by transcripts: test/transcripts/*.txt, whose README says how they are written. Each is a test.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { times } from '../size.ts'
import { runHere } from './line.ts'
import { type Program, runProgram, startProgram, temporaryFolder } from './program.ts'

const FOLDER = new URL('../transcripts/', import.meta.url)
const SCRIPTS = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'))

/** The server of all transcripts that need no other. */
let shared: Promise<Program> | null = null
const started: Promise<Program>[] = []

function start(flags: readonly string[]): Promise<Program> {
  const program = startProgram({ flags })
  started.push(program)
  return program
}

/** Does a command line: in this process, or in full size by the program. test/acceptance/command-line.test.ts holds the two to each other. */
const run = times('transcripts through a process for each command') > 0 ? runProgram : runHere

/** The words of a line, as a shell reads them: blanks end a word, `'…'` is kept as it is, and $NAME elsewhere is the variable. */
function words(line: string, variables: ReadonlyMap<string, string>): string[] {
  const found: string[] = []
  for (const [word] of line.matchAll(/(?:'[^']*'|[^\s'])+/g))
    found.push(
      word.replace(/'([^']*)'|\$([A-Z_]+)/g, (_, quoted: string | undefined, name = '') => {
        if (quoted !== undefined) return quoted
        const value = variables.get(name)
        assert.ok(value !== undefined, `$${name} is not set`)
        return value
      }),
    )
  return found
}

/** A transcript that is being run: its variables, and what the last command of it did. */
class Transcript {
  readonly folder = temporaryFolder()
  readonly variables = new Map<string, string>([['WORK', this.folder]])
  #code: number | null = 0
  #printed = { stdout: '', stderr: '' }

  /** What lines can begin with. `fails`: the line began with `!`. */
  readonly commands: Readonly<Record<string, (args: readonly string[], fails: boolean) => void | Promise<void>>> = {
    strongroom: async (args, fails) => {
      const { code, out, err } = await run(args, Object.fromEntries(this.variables))
      this.#code = code
      this.#printed = { stdout: out, stderr: err }
      assert.equal(code !== 0, fails, `it ended with ${code}\n${out}${err}`)
    },
    server: async (flags) => {
      if (flags.length === 0) shared ??= start(['--tls', 'self-signed'])
      const program = await (flags.length === 0 ? shared : start(flags))
      assert.ok(program)
      const { accessKeyId, accessKeySecret, accountId } = program.credentials
      this.#set({
        STRONGROOM_ENDPOINT: program.endpoint,
        STRONGROOM_DATA: program.data,
        STRONGROOM_CA_FILE: flags.length === 0 ? join(program.data, 'tls/ca.pem') : '',
        ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
        ACCOUNT: accountId,
      })
    },
    exit: ([code]) => assert.equal(String(this.#code), code),
    stdout: (args, fails) => this.#matches('stdout', args, fails),
    stderr: (args, fails) => this.#matches('stderr', args, fails),
    exactly: ([stream = '', file = '']) =>
      assert.equal(this.#printed[stream === 'stdout' ? 'stdout' : 'stderr'], this.#read(file)),
    set: ([name = '', pattern]) => {
      const [all, part] = new RegExp(pattern ?? '[^]*', 'm').exec(this.#printed.stdout) ?? []
      assert.ok(all !== undefined, `nothing matches in\n${this.#printed.stdout}`)
      this.#set({ [name]: (part ?? all).trim() })
    },
    env: (pairs) => {
      for (const pair of pairs) this.#set({ [pair.slice(0, pair.indexOf('='))]: pair.slice(pair.indexOf('=') + 1) })
    },
    read: ([name = '', file = '']) => this.#set({ [name]: this.#read(file).trim() }),
    exists: ([path = ''], fails) => assert.equal(existsSync(join(this.folder, path)), !fails),
  }

  async run(script: string): Promise<void> {
    const [lines = '', ...files] = script.split(/^-- (.+) --$/m)
    for (let i = 0; i < files.length; i += 2) {
      const path = join(this.folder, files[i] ?? '')
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, (files[i + 1] ?? '').replace(/^\n/, ''), { mode: 0o600 })
    }
    for (const [i, line] of lines.split('\n').entries()) {
      if (line.trim() === '' || line.startsWith('#')) continue
      const fails = line.startsWith('! ')
      try {
        const [name = '', ...args] = words(fails ? line.slice(2) : line, this.variables)
        const command = Object.hasOwn(this.commands, name) ? this.commands[name] : undefined
        assert.ok(command, `there is no command \`${name}\``)
        await command(args, fails)
      } catch (error) {
        throw new Error(`line ${i + 1}: ${line}\n${(error as Error).message}`, { cause: error })
      }
    }
  }

  #matches(stream: 'stdout' | 'stderr', patterns: readonly string[], fails: boolean): void {
    assert.ok(patterns.length > 0, 'a pattern is missing')
    for (const pattern of patterns)
      assert.equal(new RegExp(pattern, 'm').test(this.#printed[stream]), !fails, this.#printed[stream])
  }

  #read(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8')
  }

  #set(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) this.variables.set(name, value)
  }
}

process.umask(0o077)

describe('the command line', { concurrency: 3 }, () => {
  after(async () => {
    for (const program of await Promise.allSettled(started))
      if (program.status === 'fulfilled') await program.value.stop()
  })

  for (const name of SCRIPTS)
    it(name.replace('.txt', ''), () => new Transcript().run(readFileSync(new URL(name, FOLDER), 'utf8')))

  it('has a transcript for each verb that `strongroom --help` lists', async () => {
    const { out } = await run(['--help'])
    const verbs = [...out.matchAll(/^ {2}([a-z][a-z-]*(?: [a-z-]+)?)/gm)].map(([, verb]) => verb ?? '')
    const all = SCRIPTS.map((name) => readFileSync(new URL(name, FOLDER), 'utf8')).join('\n')
    assert.ok(verbs.length > 10, out)
    assert.deepEqual(
      verbs.filter((verb) => !new RegExp(`^(?:! )?strongroom ${verb}(?: |$)`, 'm').test(all)),
      [],
    )
  })
})
