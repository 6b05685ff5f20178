// The composition root: gives the verbs the environment, the files and the terminal.
import './imports.ts'
import { readFileSync } from 'node:fs'
import type { Surroundings } from './cli/surroundings.ts'

// Imported after imports.ts has run, so that its hook resolves their imports.
const [{ commandLine }, { terminalAsk }, { oneLine, withLines }] = await Promise.all([
  import('./cli/command-line.ts'),
  import('./cli/prompt.ts'),
  import('./cli/terminal-text.ts'),
])

const surroundings: Surroundings = {
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
  print: (text) => process.stdout.write(`${text}\n`),
  output: process.stdout,
  input: () => process.stdin,
  printsToTerminal: process.stdout.isTTY === true,
  status: (text) => void (process.stderr.isTTY && process.stderr.write(`\r\x1b[K${oneLine(text)}`)),
  complain: (text) => process.stderr.write(`strongroom: ${withLines(text)}\n`),
  terminal: process.stderr.isTTY === true,
  ask: terminalAsk(process.stdin, process.stderr),
}

// Only their owner may read files that the program creates.
process.umask(0o077)

// A reader that closes the pipe early (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

process.exitCode = await commandLine(process.argv.slice(2), surroundings)

// A socket whose peer stays silent does not close, and must not keep the program alive.
for (const stream of [process.stdout, process.stderr])
  await new Promise<void>((resolve) => stream.write('', () => resolve()))
process.exit()
