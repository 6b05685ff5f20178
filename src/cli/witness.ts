// The witness: the last signed checkpoint of the trail, kept outside the database. A trail that ends before it, or that tells
// another story, was cut or put back to an older copy.
import { readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { type Checkpoint, checkpointMatches, publicKeyOf } from '../actiontrail/checkpoint.ts'
import { floorOf } from '../actiontrail/floor.ts'
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
    `\`${path}\` is damaged, or was written for another trail, or the trail's key was exchanged: compare the database with an export or a delivered copy, and restore what is wrong from a backup`,
  )
  try {
    const checkpoint = JSON.parse(text) as Checkpoint
    if (checkpointMatches(checkpoint, publicKeyOf(publicKey))) return checkpoint
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
  }
  throw damaged
}

/**
 * Replaces the witness in one step, on disk when it is done. Refuses, and keeps the former one, when the trail is not the one that
 * it saw: then it is evidence. Answers the witness that counts from now on.
 */
export async function renewWitness(
  data: string,
  former: Checkpoint | null,
  checkpoint: Checkpoint,
  ledger: Pick<Ledger, 'get' | 'head' | 'events'>,
): Promise<Checkpoint> {
  if (former?.seq === checkpoint.seq && former.hash === checkpoint.hash) return former
  const why = former && (await contradiction(former, ledger))
  if (why) throw new Error(`the witness of the trail is kept as it is: ${why}`)
  await writeWitness(data, checkpoint)
  return checkpoint
}

export async function writeWitness(data: string, checkpoint: Checkpoint): Promise<void> {
  const path = join(data, FILE)
  await using file = await open(`${path}.new`, 'w', 0o600)
  await file.writeFile(`${JSON.stringify(checkpoint)}\n`)
  await file.sync()
  await rename(`${path}.new`, path)
  await using folder = await open(data, 'r')
  await folder.sync()
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
