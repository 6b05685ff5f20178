// Builds the rooms that every verb shares, bottom up: database, root key, ledger, accounts, key store.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TrailSigner } from './actiontrail/checkpoint.ts'
import { EventIndex } from './actiontrail/event-index.ts'
import { PageTokens } from './actiontrail/page-token.ts'
import { openTrailSigner } from './actiontrail/signing-key.ts'
import type { Settings } from './cli/settings.ts'
import { openRing } from './installation.ts'
import type { Keystore } from './keystore/keystore.ts'
import { SoftwareKeystore } from './keystore/software.ts'
import { type Alarm, Ledger } from './ledger/ledger.ts'
import { AccessKeys } from './ram/access-key.ts'
import { Accounts } from './ram/account.ts'
import { Authorizer } from './ram/authorize.ts'
import { LastUsed } from './ram/last-used.ts'
import type { LiveRing } from './rootkeys/live-ring.ts'
import { openStorage } from './storage/open.ts'
import type { Storage } from './storage/storage.ts'
import { SecurityTokens } from './sts/security-token.ts'

export interface OpenHouse {
  readonly storage: Storage
  readonly ledger: Ledger
  readonly accounts: Accounts
  readonly accessKeys: AccessKeys
  readonly authorizer: Authorizer
  readonly lastUsed: LastUsed
  readonly securityTokens: SecurityTokens
  readonly keystore: Keystore
  readonly eventIndex: EventIndex
  readonly pageTokens: PageTokens
  readonly trailSigner: TrailSigner
  readonly ring: LiveRing
}

/** Opens the data folder and the database; makes both on the first start. Throws with what to change. */
export async function openHouse(
  settings: Settings,
  alarm: Alarm,
  now: number,
  open: (url: string) => Promise<Storage> = openStorage,
): Promise<OpenHouse> {
  mkdirSync(settings.data, { recursive: true, mode: 0o700 })
  const storage = await open(settings.database ?? join(settings.data, 'strongroom.db'))
  try {
    const ring = await openRing(settings, storage, now)
    const { keys } = ring
    const ledger = new Ledger(storage, keys, alarm, ring)
    const accessKeys = new AccessKeys(ledger, keys)
    return {
      storage,
      ledger,
      accounts: new Accounts(ledger, accessKeys),
      accessKeys,
      authorizer: new Authorizer(ledger, alarm),
      lastUsed: new LastUsed(ledger),
      securityTokens: new SecurityTokens(keys),
      keystore: new SoftwareKeystore(keys),
      eventIndex: new EventIndex(ledger.events, keys),
      pageTokens: new PageTokens(keys),
      trailSigner: await openTrailSigner(ledger, keys, now),
      ring,
    }
  } catch (error) {
    await storage.close()
    throw error
  }
}
