// Opens the house with the witness of its trail, so that no verb works on a trail that was cut or restored from an older copy.
import type { Alarm } from '../ledger/alarm.ts'
import type { Settings } from '../settings/settings.ts'
import { closeHouse, type Open, type OpenHouse, openHouse } from './open.ts'
import { contradiction, readWitness, unwitnessed, Witness } from './witness.ts'

export interface WitnessedHouse extends OpenHouse {
  readonly witness: Witness
  /** A warning where no witness has seen the trail, or null. */
  readonly unwitnessed: string | null
}

/**
 * Opens the house; from then on its ledger reports to the witness in the data folder. Rejects with an error that says what to do when the
 * trail contradicts the witness, or the witness can't be read.
 */
export async function openWitnessed(
  settings: Settings,
  alarm: Alarm,
  now: number,
  open: Open = openHouse,
): Promise<WitnessedHouse> {
  const house = await open(settings, alarm, now)
  try {
    const seen = readWitness(settings.data, house.trailSigner.publicKey)
    const why = seen && (await contradiction(seen, house.ledger))
    if (why)
      throw new Error(
        `${why}: its end was cut, or the database was restored from an older copy; if you meant to restore it, run \`strongroom audit accept-restore\``,
      )
    const witness = new Witness(settings.data, seen, house)
    house.ledger.witnessedBy(witness)
    return { ...house, witness, unwitnessed: await unwitnessed(seen, settings.data, house.ledger) }
  } catch (error) {
    await closeHouse(house)
    throw error
  }
}
