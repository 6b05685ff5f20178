// Secrets typed at the terminal, because they must not be on a command line. The terminal does not show them.
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { PinNeeded } from '../settings/hsm.ts'
import type { Settings } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Surroundings } from './surroundings.ts'

/** The settings with the HSM's PIN, from the settings or from the terminal. Throws PinNeeded where neither has it. */
export async function withPin(settings: Settings, { ask }: Surroundings): Promise<Settings> {
  const { hsm } = settings
  if (!hsm || hsm.pinFile !== null || hsm.pin !== null) return settings
  if (!ask) throw new PinNeeded()
  return { ...settings, hsm: { ...hsm, pin: await ask(`PIN of the HSM's token ${hsm.tokens.join(', ')}: `) } }
}

/** A function that asks a question at the terminal, or null without one. */
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
