// `strongroom dev advance 8d`: moves the clock of a server that runs with --dev, and prints what time it is then.
import { ADVANCE_ACTION, ADVANCE_PATH } from '../gateway/dev.ts'
import { unknownVerb } from '../settings/nearest.ts'
import { UsageError } from '../settings/usage-error.ts'
import { ask } from './ask.ts'
import { clientOptions } from './product.ts'
import type { Surroundings } from './surroundings.ts'

const USAGE = `usage: strongroom dev advance DURATION [--endpoint URL] [--data DIR]

DURATION is a whole number with its unit d, h, m or s, such as 8d; 0s tells the time. Deletions, expiries and rotations that fall
due have happened when it answers. The server must run with \`strongroom serve --dev\`; the credentials are those of an account.`

const SECONDS: Readonly<Record<string, number>> = { d: 86_400, h: 3600, m: 60, s: 1 }
const OPTIONS = ['--endpoint', '--data', '--ca-file']

/** Runs the verb; answers the exit code. Throws UsageError. */
export async function dev(args: readonly string[], around: Surroundings): Promise<number> {
  if (args.includes('--help')) {
    around.print(USAGE)
    return 0
  }
  const [verb, duration = '', ...rest] = args
  const [, number = '', unit = ''] = /^(\d{1,10})([dhms])$/.exec(duration) ?? []
  if (verb !== 'advance') throw unknownVerb('dev', verb ?? '', ['advance'], USAGE)
  if (number === '') throw new UsageError(`say how far to move the clock:\n${USAGE}`)
  const options = clientOptions(ownOptions(rest), around)
  const seconds = String(Number(number) * (SECONDS[unit] ?? 0))
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

function ownOptions(args: readonly string[]): ReadonlyMap<string, string> {
  const options = new Map<string, string>()
  for (let i = 0; i < args.length; i += 2) {
    const [flag = '', value] = [args[i], args[i + 1]]
    if (!OPTIONS.includes(flag)) throw new UsageError(`unknown flag \`${flag}\`: see \`strongroom dev --help\``)
    if (value === undefined) throw new UsageError(`\`${flag}\` needs a value`)
    options.set(flag.slice(2), value)
  }
  return options
}
