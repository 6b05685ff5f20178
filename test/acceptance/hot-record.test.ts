// Servers whose clients stick to them and change one record without a pause, one server far from the database: each call is done.
import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { farAway } from '../storage/far-away.ts'
import { startPostgresql } from '../storage/postgresql-server.ts'
import { type Program, removeFolder, startProgram, temporaryFolder } from './program.ts'

/** Clients of each server. */
const CLIENTS = 4
/** Of each client of the server that is far away; the others go on until these are done. */
const CALLS = 5
const FAR_MS = 10

describe('three servers whose clients change one key without a pause', () => {
  it('do every call, however far from the database one of them is', async () => {
    await using server = await startPostgresql()
    const url = server.database()
    await using way = await farAway(url, FAR_MS)
    const programs: Program[] = []
    try {
      const first = temporaryFolder()
      for (const database of [url, url, way.url]) {
        const data = programs.length === 0 ? first : temporaryFolder()
        if (data !== first)
          for (const file of ['root-key', 'root-credentials.json']) copyFileSync(join(first, file), join(data, file))
        programs.push(await startProgram({ data, flags: ['--database', database] }))
      }
      const [one, two, far] = programs
      assert.ok(one && two && far)
      const { KeyId } = (await one.call('CreateKey')).body.KeyMetadata
      const refused: string[] = []
      let changes = 0
      const change = async (program: Program) => {
        const { status, body } = await program.call('UpdateKeyDescription', { KeyId, Description: `${++changes}` })
        if (status !== 200) refused.push(`server ${programs.indexOf(program)}: ${body.Code}`)
      }
      let going = true
      const near = [one, two].flatMap((program) =>
        Array.from({ length: CLIENTS }, async () => {
          while (going) await change(program)
        }),
      )
      await Promise.all(
        Array.from({ length: CLIENTS }, async () => {
          for (let call = 0; call < CALLS; call++) await change(far)
        }),
      )
      going = false
      await Promise.all(near)
      assert.deepEqual(refused, [])
      const ended = await Promise.all(programs.map((program) => program.stop()))
      assert.deepEqual(ended, [0, 0, 0], programs.map((program) => program.log()).join(''))
    } finally {
      for (const program of programs) {
        await program.stop('SIGKILL')
        removeFolder(program.data)
      }
    }
  })
})
