// `strongroom root-key …`: where the root keys come from, and replacing them, on a live database. No secret is taken from a flag.
import type { EventIndex } from '../actiontrail/lookup/event-index.ts'
import { breathe, recordRootKeyWork } from '../house/root-key-watch.ts'
import type { HsmKeystore } from '../keystore/pkcs11/hsm.ts'
import { HsmRootKeyProvider } from '../keystore/pkcs11/root-key.ts'
import type { Supervisor } from '../keystore/pkcs11/supervisor.ts'
import { demandNewPassphrase, realKeyPath } from '../keystore/root-key.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Accounts } from '../ram/account.ts'
import { changeToFile, changeToHsm, changeToPassphrase, type LeftOver } from '../rootkeys/change-provider.ts'
import { rootStates } from '../rootkeys/installation-record.ts'
import type { LiveRing } from '../rootkeys/live-ring.ts'
import { dropRetired, type Pace, RETIRED_MS, rotate, SETTLE_MS, Strays, stageOf } from '../rootkeys/rotation.ts'
import { unknownVerb } from '../settings/nearest.ts'
import { readSettings, rootKeyPath, type Settings } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Storage } from '../storage/storage.ts'
import { bar } from './progress.ts'
import { withPin } from './prompt.ts'
import type { Surroundings } from './surroundings.ts'

interface Rooms {
  readonly storage: Storage
  readonly ledger: Ledger
  readonly accounts: Accounts
  readonly eventIndex: EventIndex
  readonly ring: LiveRing
  readonly device: Supervisor | null
  readonly hsm: HsmKeystore | null
}
type Open = (settings: Settings, alarm: (message: string, error: unknown) => void, now: number) => Promise<Rooms>

const USAGE = `usage: strongroom root-key status [--data DIR] …
       strongroom root-key rotate [--resume] [--drop-now [--drop-anyway]] [--settle-seconds N] [--data DIR] …
       strongroom root-key change-provider --to file [--new-root-key-file FILE] [--data DIR] …
       strongroom root-key change-provider --to passphrase [--new-passphrase-file FILE] [--data DIR] …
       strongroom root-key change-provider --to hsm --hsm-module FILE --hsm-token NAME [--data DIR] …

status tells where the root key comes from, how many root keys there are and since when, and what is unfinished.
rotate makes a new root key, and brings every record under it. It works beside running servers, and may be interrupted at any
moment: run it again to finish. --resume only finishes, and begins nothing. Older root keys stay for 36 hours, because tokens
that were handed out open under them; --drop-now drops them at once and ends those sessions, unless records are found under them
that no server wrote there; --drop-anyway has such records refused from then on. --settle-seconds (${SETTLE_MS / 1000}) is how long servers get to
see the new root key before it is used: a token that one of them makes under it is refused by one that has not.
change-provider has the root key come from another file, or from a passphrase, which is asked for on the terminal unless a file
holds it, or from a new key in the HSM that is configured. No record is touched, and a server that runs goes on; start it with
the new settings the next time, and before you rotate. The key file that is not used any more is removed: keep a copy with the
backups that need it. A key in the HSM stays there, for the same reason.
Further flags are those of \`strongroom serve\`, which say where the root key comes from now.`

const TAKING_VALUES = ['--to', '--new-root-key-file', '--new-passphrase-file', '--settle-seconds']
const SWITCHES = ['--resume', '--drop-now', '--drop-anyway']
const OWN: Readonly<Record<string, readonly string[]>> = {
  status: [],
  rotate: ['--resume', '--drop-now', '--drop-anyway', '--settle-seconds'],
  'change-provider': ['--to', '--new-root-key-file', '--new-passphrase-file'],
}

interface Work {
  readonly own: ReadonlyMap<string, string>
  readonly settings: Settings
  readonly rooms: Rooms
  readonly around: Surroundings
}

/** Runs the verb; answers the exit code. Throws UsageError. */
export async function rootKey(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  const [verb = '', ...rest] = args
  if (rest.includes('--help') || verb === '--help') {
    around.print(USAGE)
    return 0
  }
  const allowed = OWN[verb]
  if (!allowed) throw unknownVerb('root-key', verb, Object.keys(OWN), USAGE)
  const { own, others } = ownFlags(rest)
  for (const flag of own.keys())
    if (!allowed.includes(flag)) throw new UsageError(`\`${flag}\` does not go with \`root-key ${verb}\``)
  const change = verb === 'change-provider' ? plannedChange(own) : null
  const told = readSettings(others, around.env, around.readFile)
  const settings = change?.to === 'hsm' ? await withPin(told, around) : told
  const rooms = await open(settings, (message, error) => around.complain(`${message}: ${error}`), Date.now())
  try {
    const work = { own, settings, rooms, around }
    if (change) return await changeProvider(change, work)
    return verb === 'rotate' ? await rotateRoot(work) : status(work)
  } finally {
    around.status('')
    await rooms.device?.stop()
    await rooms.storage.close()
  }
}

function ownFlags(args: readonly string[]) {
  const own = new Map<string, string>()
  const others: string[] = []
  for (let i = 0; i < args.length; i++) {
    const flag = args[i] ?? ''
    if (SWITCHES.includes(flag)) own.set(flag, '')
    else if (!TAKING_VALUES.includes(flag)) others.push(flag)
    else {
      const value = args[++i]
      if (value === undefined) throw new UsageError(`\`${flag}\` needs a value`)
      own.set(flag, value)
    }
  }
  return { own, others }
}

function status({ rooms: { ring }, settings, around }: Work): number {
  const { rootKey: provider } = ring.record.body
  const states = rootStates(ring.record)
  const from = { file: `the file ${rootKeyPath(settings)}`, passphrase: 'a passphrase', hsm: keyInHsm(ring) }[provider]
  around.print(`provider: ${from}`)
  if (!ring.record.body.ring)
    around.print(
      'what the provider gives is the root key itself: the first rotation or change of the provider ends that',
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
    around.print('unfinished: a rotation was begun; run `strongroom root-key rotate` to finish it')
  return 0
}

async function rotateRoot({ own, settings, rooms, around }: Work): Promise<number> {
  const { ring } = rooms
  const seconds = Number(own.get('--settle-seconds') ?? SETTLE_MS / 1000)
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 3600)
    throw new UsageError('`--settle-seconds` must be a whole number from 0 to 3600')
  const pace: Pace = {
    now: Date.now,
    settleMs: seconds * 1000,
    progress: bar(around, 'records'),
    giveWay: breathe,
  }
  const beforeRings = !ring.record.body.ring
  const begun = ['announced', 'current'].includes(stageOf(ring))
  if (begun || !own.has('--resume')) {
    around.complain(begun ? 'finishing the rotation that was begun' : 'rotating: servers take the new root key over')
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
  } else if (!own.has('--drop-now')) around.print('there is no rotation to finish')
  if (!own.has('--drop-now')) return 0
  if (stageOf(ring) !== 'retired') around.print('there is no retired root key to drop')
  else {
    if (!(await drop(own.has('--drop-anyway'), pace, rooms, around))) return 1
    await recordRootKeyWork('DropRetiredRootKeys', rooms, settings.regions[0])
    around.print('dropped: what was handed out under older root keys (sessions, import tokens) does not work any more')
  }
  return 0
}

function keyInHsm({ provider }: LiveRing): string {
  return provider instanceof HsmRootKeyProvider
    ? `the key with CKA_ID ${provider.objectId} in the HSM`
    : 'a key in the HSM'
}

/** Answers whether it did; tells which records are in the way otherwise. */
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
      `${error.message}, and nothing was dropped: who knows a retired root key may have made them up, or a server of an older version runs; \`--drop-anyway\` has them refused from now on, another \`rotate\` takes them over`,
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

function plannedChange(own: ReadonlyMap<string, string>): PlannedChange {
  const [to, path, file] = [own.get('--to'), own.get('--new-root-key-file'), own.get('--new-passphrase-file')]
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
  around.print('older backups need what it came from before')
  for (const what of left) around.complain(`the change is made, but this is left to you: ${what}`)
  return left.length === 0 ? 0 : 1
}

async function changed(change: PlannedChange, former: string | null, work: Work): Promise<LeftOver> {
  const { settings, rooms, around } = work
  const { ring, device, hsm } = rooms
  switch (change.to) {
    case 'file': {
      const path = realKeyPath(change.path ?? rootKeyPath(settings))
      const left = await changeToFile(ring, path, former)
      around.print(`the root key comes from the file ${path} now: back it up, and start servers with it`)
      return left
    }
    case 'passphrase': {
      const left = await changeToPassphrase(ring, await newPassphrase(change, work), former)
      around.print('the root key comes from the passphrase now: start servers with it')
      return left
    }
    case 'hsm': {
      if (!device || !hsm) throw new UsageError('no HSM is configured: set hsm-module and hsm-token')
      const left = await changeToHsm(ring, await HsmRootKeyProvider.create(device, hsm.tag, Date.now()), former)
      const key = keyInHsm(ring)
      around.print(`the root key comes from ${key} now: back the token up, and start servers with its settings`)
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
