// `strongroom age …`: the recipients and identities with which stock age encrypts and decrypts by a CMK, and the plugin that age runs
// (bin/age-plugin-strongroom).
import { AgeFault } from '../cryptography/age-header.ts'
import { type Address, encodeIdentity, encodeRecipient } from '../files/address.ts'
import { runPlugin } from '../files/plugin.ts'
import { Talk } from '../files/plugin-talk.ts'
import { Flags, readFlags } from '../settings/flags.ts'
import { UsageError } from '../settings/usage-error.ts'
import { clientOptions, statedEndpoint } from './client-options.ts'
import { contextOf, dataKeys } from './files.ts'
import { printsHelp } from './help.ts'
import type { Surroundings } from './surroundings.ts'
import { unknownVerb } from './verb.ts'

const USAGE = `usage: strongroom age recipient --key KEY [--context NAME=VALUE]… [--region ID] [--endpoint URL]
       strongroom age identity [--key KEY] [--context NAME=VALUE]… [--region ID] [--endpoint URL]

recipient prints a recipient for stock age (\`age -r\`), and identity prints an identity (\`age -d -i FILE\`). Both only name the key;
neither is secret. age runs age-plugin-strongroom, which must be on the PATH and takes the credentials from its environment:
ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and, with temporary ones, ALIBABA_CLOUD_SECURITY_TOKEN, or
root-credentials.json in STRONGROOM_DATA. age and \`strongroom decrypt\` both decrypt files of age and of \`strongroom encrypt\`.

  --key       the CMK: a KeyId, an alias such as alias/reports, or an ARN; an identity needs it only to encrypt with it
  --context   the encryption context of new files; an identity decrypts only files that have it
  --region    the CMK's region; the server's first region by default
  --endpoint  the server, or STRONGROOM_ENDPOINT. The plugin calls its own STRONGROOM_ENDPOINT, which must be the same server

Example:
    strongroom age identity > identity
    age -r "$(strongroom age recipient --key alias/reports)" -o report.age report
    age -d -i identity report.age`

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function age(args: readonly string[], around: Surroundings): Promise<number> {
  if (printsHelp(args, USAGE, around)) return 0
  const [verb = '', ...rest] = args
  if (verb === 'plugin') return plugin(rest, around)
  if (verb !== 'recipient' && verb !== 'identity') throw unknownVerb('age', verb, ['recipient', 'identity'], USAGE)
  const flags = readFlags(rest, { key: 'value', context: 'list', region: 'value', endpoint: 'value' }, 'age')
  const address: Address = {
    endpoint: statedEndpoint(flags, around),
    region: flags.get('region') ?? null,
    key: flags.get('key') ?? null,
    context: contextOf(flags),
  }
  if (verb === 'recipient' && !address.key) throw new UsageError('name the CMK with --key, such as --key alias/reports')
  around.print(verb === 'recipient' ? encodeRecipient(address) : encodeIdentity(address))
  return 0
}

/** Speaks age's plugin protocol; age starts this with --age-plugin. */
async function plugin(args: readonly string[], around: Surroundings): Promise<number> {
  const machine = readFlags(args, { 'age-plugin': 'value' }, 'age').get('age-plugin')
  if (machine === undefined) throw new UsageError('age starts this plugin by itself: see `strongroom age --help`')
  const talk = new Talk(around.input(), (text) => void around.output.write(text))
  const known = await runPlugin(machine, talk, async (endpoint) => {
    const flags = new Flags(new Map())
    if (endpoint !== null) demandSame(endpoint, (await clientOptions(flags, around)).endpoint)
    return dataKeys(flags, around)
  })
  if (!known) throw new UsageError(`there is no state machine \`${machine}\`: recipient-v1 and identity-v1 are known`)
  return 0
}

/**
 * Refuses a server that a recipient or an identity names and the user has not set. Its author could otherwise make the user sign calls for
 * a server of the author's choice, who could replay them at the user's own server. Throws AgeFault.
 */
function demandSame(named: string, own: string): void {
  const origin = URL.parse(named)?.origin ?? 'none'
  if (origin === URL.parse(own)?.origin) return
  throw new AgeFault(
    'no match',
    `it is for the server ${origin}, but the plugin calls ${own}: set STRONGROOM_ENDPOINT to ${origin} if your credentials belong to that server`,
  )
}
