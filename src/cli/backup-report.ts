// Opens a backup, and describes it for the command line.

import { isoSeconds } from '../api/time.ts'
import { BackupFault, type BackupHead, type DecodedBackup, decodeBackup } from '../backup/format.ts'
import type { Findings } from '../backup/judge.ts'
import type { Identity } from '../cryptography/age.ts'
import { AgeFault } from '../cryptography/age-header.ts'
import { openAge } from '../cryptography/age-stream.ts'
import { named } from '../ledger/chain.ts'
import type { Copied } from '../storage/copying/copied.ts'
import { countIn, laneOf } from '../storage/lane.ts'
import { streamToRead, type Target } from './backup-places.ts'
import { unusable } from './named-file.ts'
import type { Surroundings } from './surroundings.ts'

/** Opens the backup at this place. Every fault becomes one sentence that names the backup. */
export async function openBackup(
  from: string,
  identities: readonly Identity[],
  around: Surroundings,
  target: Target,
): Promise<DecodedBackup> {
  const said = (error: unknown) => troubleOf(error, from)
  const { head, rows } = await decodeBackup(openAge(streamToRead(from, around, target), identities)).catch(
    (error: unknown) => {
      throw said(error)
    },
  )
  return { head, rows: explained(rows, said) }
}

async function* explained(
  rows: AsyncIterable<readonly Copied[]>,
  said: (error: unknown) => unknown,
): DecodedBackup['rows'] {
  try {
    yield* rows
  } catch (error) {
    throw said(error)
  }
}

function troubleOf(error: unknown, from: string): unknown {
  if (error instanceof AgeFault || error instanceof BackupFault)
    return new Error(`the backup \`${from}\` can't be used: ${error.message}`, { cause: error })
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return new Error(`there is no backup at \`${from}\``)
  return unusable(from, 'read', error)
}

/** The origin and the contents of the backup, as lines. */
export function describeBackup({ at, version }: BackupHead, findings: Findings): readonly string[] {
  const { counts, heads, lastEvent, accounts, keys, secrets } = findings
  const last = lastEvent
    ? `, the last of them ${lastEvent.id} (event ${named(lastEvent.seq)}) of ${isoSeconds(lastEvent.at)}`
    : ''
  const lanes =
    heads.length > 1 ? heads.map(({ seq }) => `event ${countIn(seq)} in lane ${laneOf(seq)}`).join(', ') : ''
  return [
    `backup of ${isoSeconds(at)}, by strongroom ${version}`,
    `${counts.record} records: ${accounts} accounts, ${keys} keys, ${secrets} secrets, and their further records`,
    `${counts.event} events${last}`,
    ...(lanes ? [`the trail ends at ${lanes}`] : []),
    rootKeyOf(findings),
  ]
}

const OPENED_BY = {
  file: 'the root key file of that time',
  passphrase: 'the passphrase of that time',
  hsm: 'the key of that time in the HSM',
} as const

function rootKeyOf({ installation }: Findings): string {
  if (!installation) return 'it does not name the provider of its root key'
  const since = installation.ring?.roots[0]?.since
  return `its root key${since === undefined ? '' : `, in use since ${isoSeconds(since)},`} is wrapped: to unwrap it, you need ${OPENED_BY[installation.rootKey]}`
}
