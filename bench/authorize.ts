// The cost of authorization alone, in this process: the caller's permissions are cached, and the call is about one resource with a tag.
import type { Caller } from '../src/api/caller.ts'
import { openHouse } from '../src/house/open.ts'
import type { LedgerView } from '../src/ledger/view.ts'
import { readSettings } from '../src/settings/settings.ts'

const CALLS = 300_000

/** Microseconds to find an AccessKey and to authorize an Encrypt of its principal, on the data folder of a stopped server. */
export async function authorizeAlone(data: string, accessKeyId: string, region: string): Promise<number> {
  const settings = readSettings(['--data', data], {}, () => '')
  const { storage, ledger, accessKeys, authorizer } = await openHouse(settings, () => {}, Date.now())
  const caller = (await accessKeys.find(accessKeyId, ledger))?.caller
  if (!caller) throw new Error(`there is no AccessKey ${accessKeyId}`)
  const facts = { now: Date.now(), secureTransport: false, sourceAddress: '127.0.0.1', requestTags: [] }
  const arn = `acs:kms:${region}:${caller.accountId}:key/0b7a9f52-7c1d-4a66-9a0b-5f3c2d1e4f60`
  const resources = [{ type: 'ACS::KMS::Key', name: '', arn, tags: [['Project', 'Apollo']] as const }]
  const authorize = async (who: Caller, view: LedgerView) =>
    authorizer.denial({ caller: who, action: 'kms:Encrypt', resources, facts, ledger: view })
  if (await authorize(caller, ledger.view())) throw new Error('the call would be refused')
  const time = async (calls: number) => {
    const start = performance.now()
    for (let i = 0; i < calls; i++) {
      const view = ledger.view()
      const found = await accessKeys.find(accessKeyId, view)
      if (found) await authorize(found.caller, view)
    }
    return ((performance.now() - start) * 1000) / calls
  }
  await time(CALLS / 10)
  const microseconds = await time(CALLS)
  await storage.close()
  return microseconds
}
