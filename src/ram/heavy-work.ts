// Hashes of passwords, each of which takes 19 MiB, and pictures of QR codes.
import type { Caller } from '../api/caller.ts'
import { refuse } from '../api/errors.ts'
import { FairWork } from '../keystore/fair-work.ts'

const WAITING = 32

/** Runs work when its turn comes. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>

export class HeavyWork extends FairWork {
  constructor(atOnce = 1) {
    super(atOnce, WAITING)
  }
}

interface Asking {
  readonly caller: Caller
  readonly heavyWork: HeavyWork
}

/** For the heavy work of a call. Users and roles take turns. Refuses with Throttling.User. */
export function inTurnOf({ caller, heavyWork }: Asking): InTurn {
  const who = caller.type === 'assumed-role' ? caller.roleId : caller.principalId
  return async (work) => {
    const done = await heavyWork.run(`${caller.accountId}/${who}`, async () => ({ result: await work() }))
    if (!done) throw refuse('Throttling.User')
    return done.result
  }
}
