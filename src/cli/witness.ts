// The witness: the last signed checkpoint of the trail, kept outside the database. A trail that ends before it, or that tells
// another story, was cut or put back to an older copy.
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Checkpoint, checkpointMatches, publicKeyOf } from '../actiontrail/checkpoint.ts'
import { floorOf } from '../actiontrail/upkeep.ts'
import { isoSeconds } from '../api/time.ts'
import type { Ledger } from '../ledger/ledger.ts'

const FILE = 'audit-witness.json'

/** The checkpoint that was seen last, or null. Throws when the file can't be read or was not written here. */
export function readWitness(data: string, publicKey: string): Checkpoint | null {
  const path = join(data, FILE)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  const damaged = new Error(
    `\`${path}\` is damaged, or of another trail: verify the trail (\`strongroom audit verify --witness none\`), then remove the file`,
  )
  try {
    const checkpoint = JSON.parse(text) as Checkpoint
    if (checkpointMatches(checkpoint, publicKeyOf(publicKey))) return checkpoint
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
  }
  throw damaged
}

/** Replaces the witness in one step. */
export function writeWitness(data: string, checkpoint: Checkpoint): void {
  const path = join(data, FILE)
  writeFileSync(`${path}.new`, `${JSON.stringify(checkpoint)}\n`, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

/** Why the trail in the database can't be the one that the witness saw, or null. */
export async function contradiction(
  witness: Checkpoint,
  ledger: Pick<Ledger, 'get' | 'head' | 'events'>,
): Promise<string | null> {
  const [head, floor] = [await ledger.head(), await floorOf(ledger)]
  const seen = `this server saw its event ${witness.seq} on ${isoSeconds(witness.at)}`
  if (head.seq < witness.seq) return `the trail ends at event ${head.seq}, and ${seen}`
  if (witness.seq <= floor.seq) return null
  const [row] = await ledger.events.at([witness.seq])
  return row?.hash === witness.hash ? null : `event ${witness.seq} of the trail is not what it was: ${seen}`
}
