// `strongroom whoami`: whose credentials the client verbs use, and where these are from.
import { readFlags } from '../settings/flags.ts'
import { ask } from './ask.ts'
import { CLIENT_FLAGS, clientOptions } from './client-options.ts'
import { printsHelp } from './help.ts'
import { refused } from './refused.ts'
import type { Surroundings } from './surroundings.ts'

const USAGE = `usage: strongroom whoami [--json] [--endpoint URL] [--ca-file FILE] [--data DIR]

Prints the principal of the credentials that the verbs use for this server, as the server names it, and their source. It needs no
permission. --json prints the answer of GetCallerIdentity, with Endpoint, AccessKeyId, CredentialsFrom and, for a log-on,
Expiration.`

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function whoami(args: readonly string[], around: Surroundings): Promise<number> {
  if (printsHelp(args, USAGE, around)) return 0
  const flags = readFlags(args, { ...CLIENT_FLAGS, json: 'bare' }, 'whoami')
  const options = await clientOptions(flags, around)
  const { endpoint, accessKeyId, whence, expiration } = options
  const parameters = new Map([
    ['Action', 'GetCallerIdentity'],
    ['Version', '2015-04-01'],
  ])
  const { status, answer } = await ask(parameters, options)
  if (status >= 300) {
    around.complain(`the credentials are from ${whence}, and ${endpoint} refuses them`)
    return refused(answer, around)
  }
  if (flags.has('json')) {
    const { RequestId: _, ...identity } = answer
    const said = {
      ...identity,
      Endpoint: endpoint,
      AccessKeyId: accessKeyId,
      CredentialsFrom: whence,
      Expiration: expiration,
    }
    around.print(JSON.stringify(said, null, 2))
    return 0
  }
  around.print(`${answer['Arn']}
account    ${answer['AccountId']}
AccessKey  ${accessKeyId}
from       ${whence}
at         ${endpoint}${expiration === undefined ? '' : `\nuntil      ${expiration}`}`)
  return 0
}
