// The output of `--help` for a product's operations, from their declarations.
import type { Parameter } from '../api/parameters.ts'
import { KMS } from '../api/product.ts'
import type { CallOperation, ProductVersion } from '../gateway/house.ts'
import { CLIENT_HELP } from './client-options.ts'
import { hasPages } from './pages.ts'

/** The exit codes of calls (docs/command-line.md). */
export const EXIT = { done: 0, refused: 1, usage: 2, notReached: 3 } as const

/** All operations of a product, and their common flags. */
export function listing({ product, operations }: ProductVersion): string {
  const verb = product.service
  const width = Math.max(...[...operations.keys()].map((name) => name.length))
  return [
    `usage: strongroom ${verb} OPERATION [--Parameter value …] [--RegionId ID] [flags]`,
    '',
    ...[...operations.values()].map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    `strongroom ${verb} OPERATION --help lists its parameters. Flags of all operations:`,
    '  --output json|table|yaml  the format of the output (json)',
    '  --query EXPRESSION        prints the result of a JMESPath expression on the answer',
    '  --print MEMBER            prints a member of the answer, such as KeyMetadata.KeyId: a text without quotes',
    '  --all                     reads all pages of a list, and prints them as one',
    '  --wait STATE              calls again until a member such as KeyState is STATE',
    '  --wait-until EXPRESSION   calls again until a JMESPath expression is true in the answer',
    '  --timeout SECONDS         how long --wait and --wait-until call (300)',
    '  --dry-run                 changes nothing: asks the service whether the call would succeed, or checks the parameters locally',
    '  --profile, --endpoint, --ca-file, --data',
    '',
    ...(product === KMS
      ? ['A cloud service that calls with its own AccessKey names the account by --ResourceOwnerId.']
      : []),
    CLIENT_HELP,
    '',
    `Exit codes: ${EXIT.done} done, ${EXIT.refused} refused or failed, ${EXIT.usage} a wrong command line, ${EXIT.notReached} the state was not reached in time.`,
  ].join('\n')
}

/** The parameters and refusals of an operation. */
export function operationHelp({ name, summary, parameters, refusals }: CallOperation): string {
  const entries: [string, Parameter<unknown>][] = Object.entries(parameters)
  const width = Math.max(0, ...entries.map(([parameter]) => parameter.length))
  const lines = entries.map(([parameter, { required, rule }]) => {
    return `  --${parameter.padEnd(width)}  ${required ? 'required' : 'optional'}  ${rule}`
  })
  return [
    `${name}: ${summary}`,
    '',
    ...(lines.length === 0 ? ['It takes no parameters.'] : lines),
    ...(hasPages(parameters) ? ['', 'It lists by pages: --all reads them all.'] : []),
    ...(refusals.length === 0 ? [] : ['', `It can refuse with ${refusals.join(', ')}.`]),
  ].join('\n')
}
