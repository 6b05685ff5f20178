// The end of a restore or a migration: verifies the whole copy with the root keys, and makes the database usable.
import type { Findings } from '../backup/judge.ts'
import { verifyAll } from '../backup/verify-all.ts'
import { forgetServers } from '../house/live-servers.ts'
import type { Open, OpenHouse } from '../house/open.ts'
import { readWitness, readWitnessFile, type Witnessed } from '../house/witness.ts'
import type { Settings } from '../settings/settings.ts'
import type { CopyTarget } from '../storage/copying/copied.ts'
import { bar } from './progress.ts'
import type { Surroundings } from './surroundings.ts'
import { inHouse } from './verb.ts'

interface Copied {
  readonly settings: Settings
  /** Opens a database that is being filled. */
  readonly open: Open
  readonly around: Surroundings
  readonly target: CopyTarget
  readonly findings: Findings
  /** Whether the operator accepts damage. */
  readonly accepts: boolean
}

/** Verifies the database, does `last` in the open house, and ends the filling. Returns the exit code. */
export async function settleCopy(copied: Copied, last: (house: OpenHouse) => Promise<void>): Promise<number> {
  const { settings, open, around, target, findings } = copied
  // Opening such a database would be its first start, which makes a root key.
  if (!findings.installation)
    throw new Error(`the copied database was never set up${findings.fault === null ? '' : `: ${findings.fault}`}`)
  const isWhole = await inHouse(settings, open, around, async (house) => {
    const whole = await verified(house, copied)
    if (!whole && !copied.accepts) return null
    await forgetServers(house.ledger)
    await last(house)
    return whole
  }).catch((error: unknown) => {
    around.complain(
      'all rows are in the database, but the copy is not finished: correct the following error, and run the same command again',
    )
    throw error
  })
  if (isWhole === null) {
    around.complain(
      'the database is not finished, and no server starts on it: run the same command with --accept-damage to use it anyway',
    )
    return 1
  }
  await target.finish()
  return isWhole ? 0 : 1
}

/** The witness that `--witness` names, else the one in the data folder; null where there is none. */
export function witnessAt(named: string | null, data: string, { trailSigner }: OpenHouse): Witnessed | null {
  const { publicKey } = trailSigner
  const seen = named === null ? readWitness(data, publicKey) : readWitnessFile(named, publicKey)
  if (named !== null && !seen) throw new Error(`there is no witness at \`${named}\``)
  return seen
}

/** Prints the result of the verification. Returns whether everything is as it was recorded. */
async function verified(house: OpenHouse, { around, findings }: Copied): Promise<boolean> {
  const progress = { records: bar(around, 'records'), events: bar(around, 'events') }
  const { records, events, forged, fault } = await verifyAll(house, progress)
  around.status('')
  for (const { kind, account, region, id } of forged)
    around.complain(`record ${kind}/${account}/${region}/${id} is not authentic`)
  const broken = fault ?? findings.fault
  if (broken !== null) around.complain(`NOT INTACT: ${broken}`)
  const isWhole = forged.length === 0 && broken === null
  if (isWhole)
    around.print(
      `verified with the root key: ${records} records are authentic, ${events} events are as they were recorded`,
    )
  return isWhole
}
