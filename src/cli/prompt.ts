// Asks for a secret on the terminal, and shows nothing of what is typed.
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { UsageError } from './usage-error.ts'

/** What was typed after `question`, up to Enter. Throws UsageError where nobody sits at a terminal. */
export async function askHidden(question: string): Promise<string> {
  if (!process.stdin.isTTY) throw new UsageError(`there is no terminal to ask for the ${question}: give it in a file`)
  process.stderr.write(`${question}: `)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  try {
    return await new Promise((resolve, reject) => {
      lines.once('line', resolve)
      lines.once('SIGINT', () => reject(new UsageError('interrupted, and nothing was changed')))
      lines.once('close', () => reject(new UsageError('nothing was typed, and nothing was changed')))
    })
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}
