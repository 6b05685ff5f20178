// `strongroom hsm check`: prints what each token of the HSM can do, which keys it lacks, and which of its objects no record names.
import { setTimeout as pause } from 'node:timers/promises'
import type { Open, OpenHouse } from '../house/open.ts'
import type { HsmKeystore } from '../keystore/pkcs11/hsm.ts'
import { objectIdOf, toReference } from '../keystore/pkcs11/object-names.ts'
import type { TokenReport } from '../keystore/pkcs11/protocol.ts'
import { HsmRootKeyProvider } from '../keystore/pkcs11/root-key.ts'
import { doomedMaterial, type HsmVersion, hsmVersions } from '../kms/hsm-inventory.ts'
import { VERSION } from '../kms/records.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { readFlags } from '../settings/flags.ts'
import { SETTING_FLAGS, type Settings, settingsFrom } from '../settings/settings.ts'
import { UsageError } from '../settings/usage-error.ts'
import { printsHelp } from './help.ts'
import { withPin } from './prompt.ts'
import type { Surroundings } from './surroundings.ts'
import { inHouse, unknownVerb } from './verb.ts'

type Rooms = Pick<OpenHouse, 'ledger' | 'accounts' | 'ring'> & { readonly hsm: HsmKeystore }

const USAGE = `usage: strongroom hsm check [--remove-orphans] [--data DIR] [--database URL] [--hsm-module FILE] [--hsm-token NAME] …

Prints the capabilities of each token, the keys that are missing on it, and its objects that belong to no key version (orphans).
--remove-orphans destroys orphans permanently. Use it only on the newest state of the database: after a restore of an older
backup, the keys created since that backup look like orphans. Further flags are those of \`strongroom serve\`.
Exit code 1: something needs attention.`

/**
 * A key exists in the device before its record is committed. So an object is an orphan only if it stays unnamed for longer than any call
 * takes.
 */
const SETTLED_MS = 20_000
/** A token with thousands of objects may take long to list them. Only this command waits so long. */
const PATIENCE_MS = 60_000

/** The calls that fail without an ability. */
function affectedBy(ability: string): string {
  const [operation, algorithm] = ability.split(' ')
  if (ability === 'AES-256-GCM')
    return 'Encrypt, Decrypt, GenerateDataKey and all symmetric keys of protection level HSM'
  if (operation === 'AsymmetricDecrypt') return `AsymmetricEncrypt and AsymmetricDecrypt with Algorithm ${algorithm}`
  if (algorithm) return `${operation} with Algorithm ${algorithm}`
  return ability.startsWith('RSAES_')
    ? `GetParametersForImport with WrappingAlgorithm ${ability}`
    : `CreateKey with KeySpec ${ability} and ProtectionLevel HSM`
}

/** Runs the verb; returns the exit code. Throws UsageError, and when no token can be reached. */
export async function hsm(args: readonly string[], open: Open, around: Surroundings): Promise<number> {
  const [verb, ...rest] = args
  if (printsHelp(args, USAGE, around)) return 0
  if (verb !== 'check') throw unknownVerb('hsm', verb ?? '', ['check'], USAGE)
  const flags = readFlags(rest, { ...SETTING_FLAGS, 'remove-orphans': 'bare' }, 'hsm')
  const read = await withPin(settingsFrom(flags, around.env, around.readFile), around)
  if (!read.hsm) throw new UsageError('no HSM is configured: set hsm-module and hsm-token')
  const settings = { ...read, hsm: { ...read.hsm, timeoutMs: Math.max(read.hsm.timeoutMs, PATIENCE_MS) } }
  const settledMs = Math.max(SETTLED_MS, 2 * Math.max(read.hsm.timeoutMs, read.hsm.keyTimeoutMs))
  return inHouse(settings, open, around, async (house) => {
    const { hsm } = house
    if (!hsm) throw new Error('no HSM is configured')
    await hsm.start()
    if (hsm.trouble) throw new Error(hsm.trouble)
    return check({ ...house, hsm }, settings, flags.has('remove-orphans') ? settledMs : null, around)
  })
}

async function check(
  rooms: Rooms,
  settings: Settings,
  /** How long an object must stay an orphan before its removal; null removes none. */
  settledMs: number | null,
  around: Surroundings,
): Promise<number> {
  // Read before and after the tokens: a key that is made or destroyed meanwhile is neither missing nor an orphan.
  const before = new Set((await allVersions(rooms, settings)).map(({ material }) => material))
  const reports = await rooms.hsm.inspect()
  const versions = await allVersions(rooms, settings)
  const lasting = versions.filter(({ material }) => before.has(material))
  const missing = reports.flatMap((report) => describeToken(report, lasting, around))
  const { provider } = rooms.ring
  const rootKeyId = provider instanceof HsmRootKeyProvider ? provider.objectId : null
  const rootless = reports.filter((report) => report.up && !describeRootKeys(report, rootKeyId, around)).length
  const orphans = await orphansOf(reports, versions, rooms)
  for (const id of orphans) around.print(`orphan: ${labelOf(id, reports)} (CKA_ID ${id}) belongs to no key version`)
  const removed =
    settledMs === null || orphans.length === 0 ? 0 : await remove(orphans, settledMs, rooms, settings, around)
  const left = orphans.length - removed
  const down = reports.filter(({ up }) => !up).length
  around.print(
    `${versions.length} key versions${rootKeyId === null ? '' : ' and the root key'} in the HSM; ${missing.length + rootless} missing on a token, ${left} orphans, ${down} tokens that can't be reached`,
  )
  return missing.length + rootless + left + down === 0 ? 0 : 1
}

/** Destroys the objects that are still orphans after `settledMs`. Returns how many. */
async function remove(
  orphans: readonly string[],
  settledMs: number,
  rooms: Rooms,
  settings: Settings,
  around: Surroundings,
): Promise<number> {
  around.print(`waiting ${settledMs / 1000} s: an orphan may belong to a key whose creation is in progress`)
  await pause(settledMs)
  const still = new Set(await orphansOf(await rooms.hsm.inspect(), await allVersions(rooms, settings), rooms))
  let removed = 0
  for (const id of orphans.filter((orphan) => still.has(orphan))) {
    const outcome = await rooms.hsm.destroy(toReference(id)).catch((error: Error) => error.message)
    if (outcome === true) {
      around.print(`destroyed: CKA_ID ${id}`)
      removed++
    } else
      around.print(
        `not destroyed on every token yet: CKA_ID ${id}: ${outcome || "one can't be reached"}; check again later`,
      )
  }
  return removed
}

/** Prints a token's description, abilities and objects. Returns the key versions that it lacks. */
function describeToken(report: TokenReport, versions: readonly HsmVersion[], around: Surroundings): HsmVersion[] {
  const { token, up, reason, model, serial, firmware, freePrivateMemory, abilities, keys, wrappingKeys } = report
  if (!up) {
    around.print(`token ${token}: can't be reached: ${reason}`)
    return []
  }
  const memory = freePrivateMemory === null ? '' : `, ${freePrivateMemory} bytes free`
  around.print(`token ${token}: ${model}, serial number ${serial}, firmware ${firmware}${memory}`)
  for (const [ability, lack] of Object.entries(abilities))
    around.print(
      lack === null
        ? `  can do ${ability}`
        : `  can't do ${ability}, because it ${lack}: this affects ${affectedBy(ability)}`,
    )
  around.print(`  holds ${keys.length} keys and ${wrappingKeys.length} wrapping keys of this installation`)
  for (const key of keys.filter(({ sensitive, extractable }) => !sensitive || extractable))
    around.print(`  unprotected: ${key.label} can be extracted from the token: create a new key and delete this one`)
  const times = new Map<string, number>()
  for (const reference of keys.map(({ id }) => toReference(id))) times.set(reference, (times.get(reference) ?? 0) + 1)
  const missing = versions.filter(({ material }) => times.get(material) !== 1)
  for (const { keyId, versionId, region, account, material } of missing) {
    const which = `version ${versionId} of key ${keyId} (account ${account}, ${region})`
    const found = times.get(material)
    if (!found) around.print(`  missing: ${which}`)
    else
      around.print(
        `  double: ${which} has ${found} objects with CKA_ID ${objectIdOf(material, null)}, and none is used: remove the wrong one`,
      )
  }
  return missing
}

/** Prints the token's keys that wrap root keys, now or formerly. Returns false when the current one should be there and is missing. */
function describeRootKeys({ token, rootKeys }: TokenReport, rootKeyId: string | null, around: Surroundings): boolean {
  for (const { id, label } of rootKeys)
    around.print(
      id === rootKeyId
        ? `  holds the key that wraps the root keys: CKA_ID ${id}`
        : `  holds ${label} (CKA_ID ${id}), which wraps no root keys now: older backups may need it`,
    )
  if (rootKeyId === null || rootKeys.some(({ id }) => id === rootKeyId)) return true
  around.print(
    `  missing: the key that wraps the root keys (CKA_ID ${rootKeyId}): a server can't start with ${token} alone`,
  )
  return false
}

async function orphansOf(reports: readonly TokenReport[], versions: readonly HsmVersion[], { ledger }: Rooms) {
  const [named, doomed] = [new Set(versions.map(({ material }) => material)), await doomedMaterial(ledger)]
  const isRecorded = (id: string) => named.has(toReference(id)) || doomed.has(toReference(id))
  const held = new Map(reports.flatMap(({ keys }) => keys.map(({ id, label }) => [id, label] as const)))
  const orphans: string[] = []
  for (const [id, label] of held) if (!isRecorded(id) && !(await isNamed(id, label, ledger))) orphans.push(id)
  return orphans
}

/**
 * Whether the key version named in the object's label refers to the object. Such a key is live, not an orphan, even if its region is not
 * configured here, or the list of versions changed during the reading. Throws Forged.
 */
async function isNamed(objectId: string, label: string, ledger: Ledger): Promise<boolean> {
  const [, , account = '', region = '', versionId = ''] = label.split('/')
  const version = await ledger.get(VERSION, { account, region }, versionId)
  return version?.body.material === toReference(objectId)
}

function labelOf(id: string, reports: readonly TokenReport[]): string {
  return reports.flatMap(({ keys }) => keys).find((key) => key.id === id)?.label ?? ''
}

async function allVersions({ accounts, ledger }: Rooms, settings: Settings): Promise<HsmVersion[]> {
  const regions = new Set([...settings.hsmRegions, ...settings.regions])
  const found: HsmVersion[] = []
  for (const { id: account } of await accounts.list())
    for (const region of regions) found.push(...(await hsmVersions({ account, region }, ledger)))
  return found
}
