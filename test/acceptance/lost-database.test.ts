// A server whose PostgreSQL is gone: strangers can't fill its log, although each of their requests reads an AccessKey.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startAlone } from '../storage/postgresql-server.ts'
import { call, startProgram } from './program.ts'

const REQUESTS = 400
/** Each process writes ten lines in ten seconds, and the machine may be slow. */
const FEW = REQUESTS / 2

describe('a server whose database is gone', () => {
  for (const workers of ['0', '2'])
    it(`logs few of the requests that fail, with ${workers} workers`, async () => {
      await using database = await startAlone()
      const program = await startProgram({ flags: ['--database', database.database(), '--workers', workers] })
      try {
        database.crash()
        const stranger = { accessKeyId: 'LTAIstranger', accessKeySecret: 'guessed' }
        const answers = await Promise.all(
          Array.from({ length: REQUESTS }, () => call(program.endpoint, stranger, 'ListKeys', {}, Date.now())),
        )
        assert.ok(answers.every(({ body }) => body.Code === 'ServiceUnavailableTemporary'))
      } finally {
        await program.stop()
      }
      const lines = program.log().match(/request \S+ failed/g) ?? []
      assert.ok(lines.length > 0 && lines.length <= FEW, `${lines.length} lines for ${REQUESTS} requests`)
    })
})
