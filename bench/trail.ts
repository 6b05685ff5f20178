// A trail with many events: lookups, verification, the cost of recording, and the disk space per event.
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EventIndex } from '../src/actiontrail/lookup/event-index.ts'
import type { Caller } from '../src/api/caller.ts'
import { chaining } from '../src/ledger/chain.ts'
import { Ledger } from '../src/ledger/ledger.ts'
import { UNWATCHED } from '../src/ledger/root-watch.ts'
import { storedCall } from '../src/ledger/stored-call.ts'
import { SYSTEM } from '../src/runtime/system.ts'
import { openStorage } from '../src/storage/open.ts'
import type { Commit } from '../src/storage/storage.ts'
import { rootKeysOf } from './fill.ts'
import { isPinned } from './processes.ts'

const DAY = 86_400_000
const DAYS = 80
const KEYS = 1000

interface FilledTrail {
  readonly keys: readonly string[]
  /** A day in the middle of the trail, in UTC. */
  readonly day: { readonly StartTime: string; readonly EndTime: string }
  readonly bytesPerEvent: number
}

/** Records events of Encrypt calls on 1,000 keys over 80 days, as the ledger does, and indexes them. */
export async function fillTrail(data: string, account: string, region: string, count: number): Promise<FilledTrail> {
  const path = join(data, 'strongroom.db')
  const storage = await openStorage(path)
  const keys = await rootKeysOf(data, storage)
  const ledger = new Ledger(storage, keys, () => {}, UNWATCHED, SYSTEM)
  const index = new EventIndex(ledger, keys)
  const chain = chaining(keys)
  const ids = Array.from({ length: KEYS }, () => randomUUID())
  const version = randomUUID()
  const caller: Caller = {
    type: 'ram-user',
    accountId: account,
    principalId: '212345678901234567',
    userName: 'payments',
    accessKeyId: 'LTAI5tQe7dKcVbNmXyZw3r9u',
  }
  const start = Math.floor(Date.now() / DAY) * DAY - DAYS * DAY
  const before = statSync(path).size
  for (let done = 0; done < count; done += 1024) {
    const batch: Commit[] = []
    for (let i = done; i < Math.min(done + 1024, count); i++) {
      const id = ids[(i * 7919) % KEYS] ?? ''
      const body = storedCall({
        product: 'Kms',
        apiVersion: '2016-01-20',
        operation: 'Encrypt',
        access: 'Read',
        trail: { show: ['KeyId', 'EncryptionContext'], reply: ['KeyId', 'KeyVersionId'] },
        host: 'kms.cn-hangzhou.aliyuncs.com',
        sourceAddress: `192.0.2.${i % 200}`,
        userAgent: 'AlibabaCloud (linux; amd64) Golang/1.22 Core/1.62',
        caller,
        account: caller.accountId,
        parameters: new Map([['KeyId', id]]),
        isPiece: () => false,
        resources: [{ type: 'ACS::KMS::Key', name: id, arn: '' }],
        reply: { KeyId: id, KeyVersionId: version },
        refusal: null,
      })
      const at = start + Math.floor((i / count) * DAYS * DAY)
      batch.push({
        changes: [],
        nonce: null,
        event: { eventId: randomUUID(), account, region, at, body },
        scrub: false,
      })
    }
    await storage.commit(batch, chain, null)
    await index.extend()
    if (done % 102_400 === 0) process.stderr.write(`\r  ${done} of ${count} events`)
  }
  process.stderr.write(`\r${' '.repeat(40)}\r`)
  await storage.close()
  const iso = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`
  const middle = start + (DAYS / 2) * DAY
  return {
    keys: ids,
    day: { StartTime: iso(middle), EndTime: iso(middle + DAY - 1000) },
    bytesPerEvent: (statSync(path).size - before) / count,
  }
}

/** The events per second that `strongroom audit verify` verifies on one core. */
export function verifyRate(data: string): number {
  const program = fileURLToPath(new URL('../bin/strongroom', import.meta.url))
  const args = [program, 'audit', 'verify', '--data', data]
  const out = isPinned() ? execFileSync('taskset', ['-c', '0', ...args]) : execFileSync(program, args.slice(1))
  return Number(/\((\d+)\/s\)/.exec(out.toString('utf8'))?.[1])
}
