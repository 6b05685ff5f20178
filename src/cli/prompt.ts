// Secrets from the terminal, which must not stand on a command line. What is typed is not shown.
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { PinNeeded } from '../settings/hsm.ts'
import type { Settings } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Surroundings } from './surroundings.ts'

/** The settings with the HSM's PIN: from its file, the environment or the terminal. Throws UsageError where none has it. */
export async function withPin(settings: Settings, { ask }: Surroundings): Promise<Settings> {
  const { hsm } = settings
  if (!hsm || hsm.pinFile !== null || hsm.pin !== null) return settings
  if (!ask) throw new PinNeeded()
  return { ...settings, hsm: { ...hsm, pin: await ask(`PIN of the HSM's token ${hsm.tokens.join(', ')}: `) } }
}

/** A question to the terminal, or null where there is none. */
export function terminalAsk(
  input: NodeJS.ReadStream,
  output: NodeJS.WriteStream,
): ((question: string) => Promise<string>) | null {
  if (!input.isTTY) return null
  return (question) =>
    new Promise((resolve, reject) => {
      output.write(question)
      const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
      const lines = createInterface({ input, output: silent, terminal: true })
      lines.once('close', () => {
        output.write('\n')
        reject(new UsageError('nothing was typed, and nothing was changed'))
      })
      lines.once('line', (line) => {
        resolve(line)
        lines.close()
      })
    })
}
