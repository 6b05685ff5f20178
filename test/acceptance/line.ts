// A command line done in this process, which takes milliseconds in place of a start of the program.
import { readFileSync } from 'node:fs'
import { Readable, Writable } from 'node:stream'
import { commandLine } from '../../src/cli/command-line.ts'

/** Does what the words say, as the program would, without a terminal; returns its exit code and what it prints. */
export async function runHere(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  printsToTerminal = false,
  input: Iterable<Buffer> = [],
) {
  let [out, err] = ['', '']
  const output = new Writable({
    write(chunk, _, done) {
      out += chunk
      done()
    },
  })
  const watching = process.listeners('unhandledRejection')
  const code = await commandLine(words, {
    env: { ...process.env, ...env },
    readFile: (path) => readFileSync(path, 'utf8'),
    print: (text) => {
      out += `${text}\n`
    },
    output,
    input: () => Readable.from(input),
    complain: (text) => {
      err += `strongroom: ${text}\n`
    },
    printsToTerminal,
    terminal: false,
    status: () => undefined,
    ask: null,
  })
  // A start that failed still watches its process.
  for (const one of process.listeners('unhandledRejection'))
    if (!watching.includes(one)) process.off('unhandledRejection', one)
  return { code, out, err }
}
