// kill -9 at random moments under load, again and again: what was acknowledged is there, and nothing is there by half.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { renderEvent } from '../../src/actiontrail/events/event.ts'
import { openStorage } from '../../src/storage/open.ts'
import { wrap } from '../kms/byok.ts'
import { times } from '../size.ts'
import { until } from '../until.ts'
import { type Called, call, type Program, removeFolder, startProgram, temporaryFolder } from './program.ts'

const KILLS = times('kills under load')
const CALLERS = 8

/** What a caller was told, by request id; and what must therefore be there. */
interface Acknowledged {
  readonly requests: Map<string, string>
  readonly keys: Set<string>
  readonly aliases: Map<string, string>
  readonly tags: Map<string, Set<string>>
  readonly imported: Map<string, string>
}

describe('a server killed under load', () => {
  const data = temporaryFolder()
  const acknowledged: Acknowledged = {
    requests: new Map(),
    keys: new Set(),
    aliases: new Map(),
    tags: new Map(),
    imported: new Map(),
  }
  let names = 0
  before(async () => {
    const program = await startProgram({ data })
    assert.equal(await program.stop(), 0)
  })
  after(() => removeFolder(data))

  /** Calls until the server is gone; notes what was acknowledged only after the answer came. */
  async function work(program: Program): Promise<void> {
    const told = async (action: string, parameters: Record<string, string>): Promise<Called['body']> => {
      const { status, body } = await call(program.endpoint, program.credentials, action, parameters, Date.now())
      assert.equal(status, 200, JSON.stringify(body))
      acknowledged.requests.set(body.RequestId, action)
      return body
    }
    try {
      for (;;) {
        const keyId: string = (await told('CreateKey', { Description: 'killed' })).KeyMetadata.KeyId
        acknowledged.keys.add(keyId)
        const alias = `alias/k${++names}`
        await told('CreateAlias', { KeyId: keyId, AliasName: alias })
        acknowledged.aliases.set(alias, keyId)
        for (const tag of ['a', 'b']) {
          await told('TagResource', { KeyId: keyId, Tags: `[{"TagKey":"${tag}","TagValue":"1"},{"TagKey":"${tag}2"}]` })
          acknowledged.tags.set(keyId, new Set([...(acknowledged.tags.get(keyId) ?? []), tag, `${tag}2`]))
        }
        await told('Encrypt', { KeyId: alias, Plaintext: 'x' })
        if (names % 5 === 0) await importOne(told)
      }
    } catch (error) {
      // The server was killed in the middle of a call: that one was not acknowledged.
      if (error instanceof assert.AssertionError) throw error
    }
  }

  async function importOne(told: (action: string, parameters: Record<string, string>) => Promise<Called['body']>) {
    const external: string = (await told('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata.KeyId
    acknowledged.keys.add(external)
    const wrapping = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
    const { PublicKey, ImportToken } = await told('GetParametersForImport', { KeyId: external, ...wrapping })
    const EncryptedKeyMaterial = wrap(PublicKey, 'RSAES_OAEP_SHA_256', Buffer.alloc(32, 7))
    await told('ImportKeyMaterial', { KeyId: external, ImportToken, EncryptedKeyMaterial })
    const { CiphertextBlob } = await told('Encrypt', { KeyId: external, Plaintext: 'mine' })
    acknowledged.imported.set(external, CiphertextBlob)
  }

  it(`starts again after each of ${KILLS} kills, with everything that was acknowledged`, async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      const program = await startProgram({ data })
      const enough = acknowledged.requests.size + 25 + Math.random() * 150
      const callers = Promise.all(Array.from({ length: CALLERS }, () => work(program)))
      await Promise.race([callers, until(() => acknowledged.requests.size > enough && acknowledged.imported.size > 0)])
      // Not always just behind an answer.
      await pause(Math.random() * 10)
      await program.stop('SIGKILL')
      await callers
    }
    assert.ok(acknowledged.requests.size > KILLS * 20, `${acknowledged.requests.size} calls were acknowledged`)
    assert.ok(acknowledged.imported.size > 0)
    const program = await startProgram({ data })
    const must = async (action: string, parameters: Record<string, string>) => {
      const { status, body } = await program.call(action, parameters)
      assert.equal(status, 200, `${action} ${JSON.stringify(parameters)} ${JSON.stringify(body)}`)
      return body
    }
    const some = <T>(all: Iterable<T>) => [...all].filter((_, i, { length }) => i % Math.ceil(length / 300) === 0)
    for (const [alias, keyId] of some(acknowledged.aliases))
      assert.equal((await must('DescribeKey', { KeyId: alias })).KeyMetadata.KeyId, keyId)
    for (const [keyId, tags] of some(acknowledged.tags)) {
      const found = (await must('ListResourceTags', { KeyId: keyId })).Tags.Tag.map(
        (tag: { TagKey: string }) => tag.TagKey,
      )
      for (const tag of tags) assert.ok(found.includes(tag))
    }
    for (const [, CiphertextBlob] of acknowledged.imported)
      assert.equal((await must('Decrypt', { CiphertextBlob })).Plaintext, 'mine')
    assert.equal(await program.stop(), 0)
  })

  it('has an event for every acknowledged call, and no half of anything', async () => {
    const storage = await openStorage(join(data, 'strongroom.db'))
    const events = new Map((await storage.events.after(0, 10_000_000)).map((row) => [row.eventId, renderEvent(row)]))
    for (const [requestId, action] of acknowledged.requests)
      assert.equal(events.get(requestId)?.['eventName'], action, `event of ${action} ${requestId}`)
    await storage.close()

    const { DatabaseSync } = await import('node:sqlite')
    using db = new DatabaseSync(join(data, 'strongroom.db'), { readOnly: true })
    const rows = db.prepare('SELECT kind, id, parent, body FROM record').all() as {
      kind: string
      id: string
      parent: string | null
      body: string
    }[]
    const ids = (kind: string) => new Map(rows.filter((row) => row.kind === kind).map((row) => [row.id, row]))
    const [keys, versions, aliases] = [ids('cmk'), ids('key-version'), ids('alias')]
    for (const keyId of acknowledged.keys) assert.ok(keys.has(keyId))
    for (const alias of acknowledged.aliases.keys()) assert.ok(aliases.has(alias))
    for (const { parent } of [...versions.values(), ...aliases.values()]) assert.ok(keys.has(parent ?? ''))
    const created = new Set<unknown>()
    for (const event of events.values())
      if (event['eventName'] === 'CreateKey')
        created.add((event['responseElements'] as { KeyMetadata: { KeyId: string } }).KeyMetadata.KeyId)
    assert.equal(created.size, keys.size)
    for (const [id, { body }] of keys) {
      assert.ok(created.has(id), 'no key without its event')
      const { state, primaryVersionId, tags } = JSON.parse(body) as {
        state: string
        primaryVersionId: string | null
        tags: string[][]
      }
      assert.equal(state === 'Enabled', primaryVersionId !== null && versions.has(primaryVersionId))
      assert.equal(tags.length % 2, 0, 'tags of one call come together')
    }
    const tally = (kind: string) => db.prepare('SELECT sum(n) AS n FROM tally WHERE kind = ?').get(kind)?.['n']
    assert.deepEqual([tally('cmk'), tally('alias')], [keys.size, aliases.size])
    assert.equal(db.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok')
  })
})
