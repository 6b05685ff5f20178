// `strongroom secret get NAME`: prints the value of a secret, byte for byte, for scripts; on a terminal only with --show.
import { type FlagKinds, readFlags } from '../settings/flags.ts'
import { UsageError } from '../settings/usage-error.ts'
import { ask } from './ask.ts'
import { CLIENT_FLAGS, clientOptions } from './client-options.ts'
import { refused } from './refused.ts'
import type { Surroundings } from './surroundings.ts'
import { unknownVerb } from './verb.ts'

const USAGE = `usage: strongroom secret get NAME [--version-id ID] [--stage STAGE] [--show] [--RegionId ID]
                             [--profile NAME] [--endpoint URL] [--data DIR]

Prints the value of a secret as it is, without a line break behind it: of the version in the stage ACSCurrent, or of the one that
--version-id or --stage names. It prints to a file or a pipe; on a terminal, where others may read along and the screen is kept, it
prints only with --show.`

const FLAGS = {
  ...CLIENT_FLAGS,
  'version-id': 'value',
  stage: 'value',
  RegionId: 'value',
  show: 'bare',
} as const satisfies FlagKinds

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function secret(args: readonly string[], around: Surroundings): Promise<number> {
  if (args.includes('--help')) {
    around.print(USAGE)
    return 0
  }
  const [verb, name = '', ...rest] = args
  if (verb !== 'get') throw unknownVerb('secret', verb ?? '', ['get'], USAGE)
  if (name === '' || name.startsWith('--')) throw new UsageError(`say which secret to get:\n${USAGE}`)
  const flags = readFlags(rest, FLAGS, 'secret')
  if (around.printsToTerminal && !flags.has('show'))
    throw new UsageError(
      'a secret is not printed on a terminal: write it to a file or a pipe, or say --show if nobody reads along',
    )
  const named = {
    VersionId: flags.get('version-id'),
    VersionStage: flags.get('stage'),
    RegionId: flags.get('RegionId'),
  }
  const parameters = new Map([
    ['Action', 'GetSecretValue'],
    ['Version', '2016-01-20'],
    ['SecretName', name],
    ...Object.entries(named).flatMap(([parameter, value]) =>
      value === undefined ? [] : [[parameter, value] as const],
    ),
  ])
  const { status, answer } = await ask(parameters, await clientOptions(flags, around))
  if (status >= 300) return refused(answer, around)
  around.output.write(`${answer['SecretData']}${around.printsToTerminal ? '\n' : ''}`)
  return 0
}
