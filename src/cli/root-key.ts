// `strongroom root-key …`: prints where the root keys come from, and replaces them, on a live database. No flag takes a secret.
import type { Open, OpenHouse } from '../house/open.ts'
import { breathe, recordRootKeyWork } from '../house/root-key-watch.ts'
import { HsmRootKeyProvider } from '../keystore/pkcs11/root-key.ts'
import { demandNewPassphrase, realKeyPath } from '../keystore/root-key.ts'
import { changeToFile, changeToHsm, changeToPassphrase, type LeftOver } from '../rootkeys/change-provider.ts'
import { rootStates } from '../rootkeys/installation-record.ts'
import type { LiveRing } from '../rootkeys/live-ring.ts'
import { dropRetired, type Pace, RETIRED_MS, rotate, SETTLE_MS, Strays, stageOf } from '../rootkeys/rotation.ts'
import { type FlagKinds, type Flags, readFlags } from '../settings/flags.ts'
import { rootKeyPath } from '../settings/root-key.ts'
import { SETTING_FLAGS, type Settings, settingsFrom } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import { bar } from './progress.ts'
import { withPin } from './prompt.ts'
import type { Surroundings } from './surroundings.ts'
import { inHouse, unknownVerb } from './verb.ts'

type Rooms = Pick<OpenHouse, 'storage' | 'ledger' | 'accounts' | 'eventIndex' | 'ring' | 'device' | 'hsm' | 'runtime'>

const USAGE = `usage: strongroom root-key status [--data DIR] …
       strongroom root-key rotate [--resume] [--drop-now [--drop-anyway]] [--settle-seconds N] [--data DIR] …
       strongroom root-key change-provider --to file [--new-root-key-file FILE] [--data DIR] …
       strongroom root-key change-provider --to passphrase [--new-passphrase-file FILE] [--data DIR] …
       strongroom root-key change-provider --to hsm --hsm-module FILE --hsm-token NAME [--data DIR] …

status prints where the root key comes from, how many root keys there are and since when, and what is unfinished.
rotate makes a new root key, and seals and authenticates every record under it. It works beside running servers. You may
interrupt it at any moment: run it again to finish. --resume finishes a rotation and begins none. Older root keys stay for 36
hours, because security tokens and import tokens in use open under them. --drop-now drops them at once, which makes these tokens
worthless. It drops nothing if it finds records under them that no server wrote; --drop-anyway drops them even so, and servers
refuse such records from then on. --settle-seconds (${SETTLE_MS / 1000}) is the time that servers have to see the new root key before it is used: a server that has not seen it
refuses a security token that another server makes under it.
change-provider wraps the root keys with another file, with a passphrase, or with a new key in the configured HSM. It asks for a
passphrase on the terminal unless a file contains it. It changes no other record, and running servers continue. Restart them with
the new settings before you rotate. It removes the former key file: keep a copy with the backups that need it. A former key in the
HSM stays there, for the same reason.
Further flags are those of \`strongroom serve\`; they say where the root key comes from now.`

const OWN: Readonly<Record<string, FlagKinds>> = {
  status: {},
  rotate: { resume: 'bare', 'drop-now': 'bare', 'drop-anyway': 'bare', 'settle-seconds': 'value' },
  'change-provider': { to: 'value', 'new-root-key-file': 'value', 'new-passphrase-file': 'value' },
}
const OWN_OF_ALL: FlagKinds = Object.assign({}, ...Object.values(OWN))

interface Work {
  readonly flags: Flags
  readonly settings: Settings
  readonly rooms: Rooms
  readonly around: Surroundings
}

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function rootKey(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  const [verb = '', ...rest] = args
  if (rest.includes('--help') || verb === '--help') {
    around.print(USAGE)
    return 0
  }
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
    if (change) return changeProvider(change, work)
    return verb === 'rotate' ? rotateRoot(work) : status(work)
  })
}

function status({ rooms: { ring }, settings, around }: Work): number {
  const { rootKey: provider } = ring.record.body
  const states = rootStates(ring.record)
  const from = { file: `the file ${rootKeyPath(settings)}`, passphrase: 'a passphrase', hsm: keyInHsm(ring) }[provider]
  around.print(`provider: ${from}`)
  if (!ring.record.body.ring)
    around.print('the provider holds the root key itself: the first rotation or change of the provider ends that')
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

async function rotateRoot({ flags, settings, rooms, around }: Work): Promise<number> {
  const { ring } = rooms
  const seconds = Number(flags.get('settle-seconds') ?? SETTLE_MS / 1000)
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 3600)
    throw new UsageError('`--settle-seconds` must be a whole number from 0 to 3600')
  const pace: Pace = {
    now: Date.now,
    settleMs: seconds * 1000,
    progress: bar(around, 'records'),
    giveWay: () => breathe(rooms.runtime),
  }
  const beforeRings = !ring.record.body.ring
  const begun = ['announced', 'current'].includes(stageOf(ring))
  if (begun || !flags.has('resume')) {
    around.complain(begun ? 'finishing the unfinished rotation' : 'rotating: servers take over the new root key')
    const { renewed, forged } = await rotate(ring, { ...rooms, keys: ring.keys }, pace)
    around.status('')
    for (const { kind, account, region, id } of forged)
      around.complain(`record ${kind}/${account}/${region}/${id} is not authentic, and was left as it is`)
    await recordRootKeyWork('RotateRootKey', rooms, settings.regions[0])
    around.print(`rotated: ${renewed} records were brought under the new root key`)
    if (beforeRings && ring.record.body.rootKey === 'file')
      around.print(
        'the key file still holds the former root key: `root-key change-provider --to file` replaces that too',
      )
  } else if (!flags.has('drop-now')) around.print('there is no rotation to finish')
  if (!flags.has('drop-now')) return 0
  if (stageOf(ring) !== 'retired') around.print('there is no retired root key to drop')
  else {
    if (!(await drop(flags.has('drop-anyway'), pace, rooms, around))) return 1
    await recordRootKeyWork('DropRetiredRootKeys', rooms, settings.regions[0])
    around.print('dropped: sessions and import tokens made under older root keys no longer work')
  }
  return 0
}

function keyInHsm({ provider }: LiveRing): string {
  return provider instanceof HsmRootKeyProvider
    ? `the key with CKA_ID ${provider.objectId} in the HSM`
    : 'a key in the HSM'
}

/** Drops the retired root keys. Returns whether it did; prints the records in the way where it did not. */
async function drop(anyway: boolean, pace: Pace, rooms: Rooms, around: Surroundings): Promise<boolean> {
  const { ring } = rooms
  try {
    await dropRetired(ring, { ...rooms, keys: ring.keys }, pace, anyway)
    return true
  } catch (error) {
    if (!(error instanceof Strays)) throw error
    around.status('')
    for (const { kind, account, region, id } of error.records)
      around.complain(`record ${kind}/${account}/${region}/${id} is under a retired root key`)
    around.complain(
      `${error.message}, and nothing was dropped: somebody who knows a retired root key may have forged them, or a server of an older version runs; with \`--drop-anyway\` servers refuse them from now on, another \`rotate\` brings them under the current root key`,
    )
    return false
  } finally {
    around.status('')
  }
}

type PlannedChange = { readonly to: 'file'; readonly path: string | null } | PassphraseChange | { readonly to: 'hsm' }
interface PassphraseChange {
  readonly to: 'passphrase'
  readonly file: string | null
}

function plannedChange(flags: Flags): PlannedChange {
  const [to, path, file] = [flags.get('to'), flags.get('new-root-key-file'), flags.get('new-passphrase-file')]
  if (to === 'file' && file === undefined) return { to, path: path ?? null }
  if (to === 'passphrase' && path === undefined) return { to, file: file ?? null }
  if (to === 'hsm' && path === undefined && file === undefined) return { to }
  throw new UsageError(
    '`--to` must be file, with --new-root-key-file FILE or without; passphrase, with --new-passphrase-file FILE or without; or hsm',
  )
}

async function changeProvider(change: PlannedChange, work: Work): Promise<number> {
  const { settings, rooms, around } = work
  const { ring } = rooms
  const before = ring.record.body.rootKey === 'hsm' ? keyInHsm(ring) : null
  const former = ring.record.body.rootKey === 'file' ? realKeyPath(rootKeyPath(settings)) : null
  const left = await changed(change, former, work)
  await recordRootKeyWork('ChangeRootKeyProvider', rooms, settings.regions[0])
  if (before !== null)
    around.print(`${before} stays in the token: destroy it with the token's own tools when no backup needs it`)
  around.print('older backups need what wrapped the root keys before')
  for (const what of left) around.complain(`the change is made, but this is left to you: ${what}`)
  return left.length === 0 ? 0 : 1
}

async function changed(change: PlannedChange, former: string | null, work: Work): Promise<LeftOver> {
  const { settings, rooms, around } = work
  const { ring, device, hsm } = rooms
  switch (change.to) {
    case 'file': {
      const path = realKeyPath(change.path ?? rootKeyPath(settings))
      const left = await changeToFile(ring, path, former, rooms.runtime)
      around.print(`the root key now comes from the file ${path}: back it up, and start servers with it`)
      return left
    }
    case 'passphrase': {
      const left = await changeToPassphrase(ring, await newPassphrase(change, work), former, rooms.runtime)
      around.print('the root key now comes from the passphrase: start servers with it')
      return left
    }
    case 'hsm': {
      if (!device || !hsm) throw new UsageError('no HSM is configured: set hsm-module and hsm-token')
      const left = await changeToHsm(ring, await HsmRootKeyProvider.create(device, hsm.tag, Date.now()), former)
      const key = keyInHsm(ring)
      around.print(`the root key now comes from ${key}: back up the token, and start servers with its settings`)
      return left
    }
  }
}

async function newPassphrase({ file }: PassphraseChange, { around }: Work): Promise<string> {
  if (file !== null) {
    const passphrase = around.readFile(file).replace(/\r?\n$/, '')
    if (passphrase === '') throw new UsageError(`\`${file}\` holds no passphrase`)
    demandNewPassphrase(passphrase)
    return passphrase
  }
  const { ask } = around
  if (!ask) throw new UsageError('there is no terminal to ask for the new passphrase: give it in a file')
  const passphrase = await ask('new passphrase: ')
  demandNewPassphrase(passphrase)
  if ((await ask('the same again: ')) !== passphrase) throw new UsageError('the two differ, and nothing was changed')
  return passphrase
}
