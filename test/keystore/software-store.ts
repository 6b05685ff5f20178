// A software key store without a database: it counts no uses.
import { PairThreads } from '../../src/keystore/pair-threads.ts'
import { ReservedUses } from '../../src/keystore/reserved-uses.ts'
import type { RootKeys } from '../../src/keystore/root-keys.ts'
import { SoftwareKeystore } from '../../src/keystore/software.ts'
import { SYSTEM } from '../../src/runtime/system.ts'

export function softwareStore(keys: RootKeys, pairs = new PairThreads(1), random = SYSTEM): SoftwareKeystore {
  const uses = { note: () => {}, reserve: async (_: unknown, count: number) => count }
  return new SoftwareKeystore(keys, random, pairs, new ReservedUses(uses, () => {}))
}
