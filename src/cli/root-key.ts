// `strongroom root-key …`: prints where the root keys come from, and replaces them while servers run. No flag takes a secret.
import type { Open } from '../house/open.ts'
import { recordDueEvents } from '../rootkeys/due-events.ts'
import { rootStates } from '../rootkeys/installation-record.ts'
import { RETIRED_MS, SETTLE_MS, stageOf } from '../rootkeys/rotation.ts'
import { type FlagKinds, readFlags } from '../settings/flags.ts'
import { rootKeyPath } from '../settings/root-key.ts'
import { SETTING_FLAGS, settingsFrom } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import { printsHelp } from './help.ts'
import { withPin } from './prompt.ts'
import { changeProvider, plannedChange } from './root-key-provider.ts'
import { rotateRootKey } from './root-key-rotation.ts'
import { keyInHsm, type RootKeyWork } from './root-key-work.ts'
import type { Surroundings } from './surroundings.ts'
import { inHouse, unknownVerb } from './verb.ts'

const USAGE = `usage: strongroom root-key status [--data DIR] …
       strongroom root-key rotate [--resume] [--drop-now [--drop-anyway]] [--settle-seconds N] [--data DIR] …
       strongroom root-key change-provider --to file [--new-root-key-file FILE] [--data DIR] …
       strongroom root-key change-provider --to passphrase [--new-passphrase-file FILE] [--data DIR] …
       strongroom root-key change-provider --to hsm --hsm-module FILE --hsm-token NAME [--data DIR] …

status prints the provider of the root key, the number of root keys and their dates, and unfinished work.
rotate creates a new root key, and seals and authenticates every record under it. It works while servers run. You may interrupt
it at any moment: run it again to finish. --resume finishes a rotation, but begins no new one. Older root keys stay for 36
hours, because security tokens and import tokens in use depend on them. --drop-now drops them at once, which makes these tokens
invalid. It drops nothing if it finds records under them that no server wrote. --drop-anyway drops them nevertheless, and servers
then refuse such records. --settle-seconds (${SETTLE_MS / 1000}) is the time that servers have to load the new root key before it is used. A server that has not
loaded it refuses a security token that another server issues under it.
change-provider wraps the root keys with another file, with a passphrase, or with a new key in the configured HSM. It asks for a
passphrase on the terminal unless a file contains it. It changes no other record, and running servers continue. Restart them with
the new settings before you rotate. It removes the former key file: keep a copy with the backups that need it. A former key in the
HSM stays there, for the same reason.
Further flags are those of \`strongroom serve\`; they set the current provider of the root key.`

const OWN: Readonly<Record<string, FlagKinds>> = {
  status: {},
  rotate: { resume: 'bare', 'drop-now': 'bare', 'drop-anyway': 'bare', 'settle-seconds': 'value' },
  'change-provider': { to: 'value', 'new-root-key-file': 'value', 'new-passphrase-file': 'value' },
}
const OWN_OF_ALL: FlagKinds = Object.assign({}, ...Object.values(OWN))

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function rootKey(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  const [verb = '', ...rest] = args
  if (printsHelp(args, USAGE, around)) return 0
  const allowed = Object.hasOwn(OWN, verb) ? OWN[verb] : undefined
  if (!allowed) throw unknownVerb('root-key', verb, Object.keys(OWN), USAGE)
  const flags = readFlags(rest, { ...SETTING_FLAGS, ...OWN_OF_ALL }, 'root-key')
  for (const flag of flags.names)
    if (Object.hasOwn(OWN_OF_ALL, flag) && !Object.hasOwn(allowed, flag))
      throw new UsageError(`\`--${flag}\` does not go with \`root-key ${verb}\``)
  const change = verb === 'change-provider' ? plannedChange(flags) : null
  const read = settingsFrom(flags, around.env, around.readFile)
  const settings = change?.to === 'hsm' ? await withPin(read, around) : read
  return inHouse(settings, open, around, async (rooms) => {
    const work = { flags, settings, rooms, around }
    if (verb === 'status') return status(work)
    // Events that are due because a process ended too early. `rotate --resume` may have nothing else to do.
    await recordDueEvents(rooms.ring, rooms)
    return change ? changeProvider(change, work) : rotateRootKey(work)
  })
}

function status({ rooms: { ring }, settings, around }: RootKeyWork): number {
  const { rootKey: provider } = ring.record.body
  const states = rootStates(ring.record)
  const from = { file: `the file ${rootKeyPath(settings)}`, passphrase: 'a passphrase', hsm: keyInHsm(ring) }[provider]
  around.print(`provider: ${from}`)
  if (!ring.record.body.ring)
    around.print(
      'the key of the provider is the root key itself: the next rotation or change of the provider replaces it',
    )
  around.print(`root keys: ${states.length}`)
  for (const [i, { since, coming, retiredAt }] of states.entries()) {
    const when = (at: number) => new Date(at).toISOString()
    if (coming) around.print(`  announced ${when(since)}, not in use yet`)
    else if (i === 0) around.print(`  current, since ${when(since)}`)
    else if (retiredAt === null) around.print(`  older, since ${when(since)}: records may be under it`)
    else around.print(`  retired ${when(retiredAt)}, to be dropped ${when(retiredAt + RETIRED_MS)}`)
  }
  const stage = stageOf(ring)
  if (stage === 'announced' || stage === 'current')
    around.print('unfinished: a rotation; run `strongroom root-key rotate` to finish it')
  return 0
}
