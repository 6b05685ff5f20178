// `strongroom dev advance 8d`: moves the clock of a server that runs with --dev, and prints the server's time.
import { durationMs } from '../api/time.ts'
import { ADVANCE_ACTION, ADVANCE_PATH } from '../gateway/dev.ts'
import { readFlags } from '../settings/flags.ts'
import { UsageError } from '../settings/usage-error.ts'
import { ask } from './ask.ts'
import { CLIENT_FLAGS, clientOptions } from './client-options.ts'
import { printsHelp } from './help.ts'
import type { Surroundings } from './surroundings.ts'
import { unknownVerb } from './verb.ts'

const USAGE = `usage: strongroom dev advance DURATION [--endpoint URL] [--data DIR]

DURATION is a whole number with its unit d, h, m or s, such as 8d; 0s only prints the time. When the command returns, the server has
finished all due deletions, expiries and rotations. The server must run with \`strongroom serve --dev\`; the credentials must be
those of an account.`

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function dev(args: readonly string[], around: Surroundings): Promise<number> {
  if (printsHelp(args, USAGE, around)) return 0
  const [verb, duration = '', ...rest] = args
  if (verb !== 'advance') throw unknownVerb('dev', verb ?? '', ['advance'], USAGE)
  const ms = durationMs(duration)
  if (ms === null) throw new UsageError(`name the duration:\n${USAGE}`)
  const options = await clientOptions(readFlags(rest, CLIENT_FLAGS, 'dev'), around)
  const seconds = String(ms / 1000)
  const parameters = new Map(Object.entries({ Action: ADVANCE_ACTION, Version: 'dev', Seconds: seconds }))
  const { status, answer } = await ask(parameters, { ...options, path: ADVANCE_PATH })
  if (status === 200) {
    around.print(JSON.stringify(answer, null, 2))
    return 0
  }
  const noDev = answer['Code'] === 'InvalidAction.NotFound'
  around.complain(noDev ? 'that server does not run with --dev' : `${answer['Code']}: ${answer['Message']}`)
  return 1
}
