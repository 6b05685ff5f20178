// `strongroom secret get NAME`: prints the value of a secret, byte for byte, for scripts; on a terminal only with --show.
import { type FlagKinds, readFlags } from '../settings/flags.ts'
import { UsageError } from '../settings/usage-error.ts'
import { ask } from './ask.ts'
import { CLIENT_FLAGS, clientOptions } from './client-options.ts'
import { printsHelp } from './help.ts'
import { refused } from './refused.ts'
import type { Surroundings } from './surroundings.ts'
import { unknownVerb } from './verb.ts'

const USAGE = `usage: strongroom secret get NAME [--version-id ID] [--stage STAGE] [--show] [--RegionId ID]
                             [--profile NAME] [--endpoint URL] [--data DIR]

Prints the value of a secret byte for byte, without a line break at the end. It is the value of the version in the stage ACSCurrent,
or of the version that --version-id or --stage names. The command prints to a file or a pipe. On a terminal, where other people may
see it and the screen keeps it, it prints only with --show.`

const FLAGS = {
  ...CLIENT_FLAGS,
  'version-id': 'value',
  stage: 'value',
  RegionId: 'value',
  show: 'bare',
} as const satisfies FlagKinds

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function secret(args: readonly string[], around: Surroundings): Promise<number> {
  if (printsHelp(args, USAGE, around)) return 0
  const [verb, name = '', ...rest] = args
  if (verb !== 'get') throw unknownVerb('secret', verb ?? '', ['get'], USAGE)
  if (name === '' || name.startsWith('--')) throw new UsageError(`name the secret:\n${USAGE}`)
  const flags = readFlags(rest, FLAGS, 'secret')
  if (around.printsToTerminal && !flags.has('show'))
    throw new UsageError(
      'a secret is not printed on a terminal: write it to a file or a pipe, or use --show if nobody else sees the screen',
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
