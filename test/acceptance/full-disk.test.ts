// A full disk: every call is refused with a clear 503, nothing is lost, and service resumes when there is room.
// The limit is the kernel's own, on the size of the files that the process may write; it is raised from outside.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { type Program, removeFolder, startProgram } from './program.ts'

function limitFileSize(pid: number | undefined, bytes: number | 'unlimited'): void {
  // The soft limit alone: it can be raised again without privileges.
  execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`])
}

async function health({ endpoint }: Program, path: string): Promise<number> {
  return (await fetch(`${endpoint}${path}`)).status
}

describe('a full disk', () => {
  it('refuses calls with ServiceUnavailableTemporary, loses nothing, and heals', async () => {
    const program = await startProgram()
    const { body } = await program.call('CreateKey', { Description: 'before' })
    const KeyId: string = body.KeyMetadata.KeyId
    const { CiphertextBlob } = (await program.call('Encrypt', { KeyId, Plaintext: 'kept' })).body

    limitFileSize(program.process.pid, statSync(join(program.data, 'strongroom.db-wal')).size)
    assert.equal(await health(program, '/readyz'), 200)
    const refused = []
    for (let i = 0; i < 20; i++) {
      const answer = await program.call('CreateKey', { Description: 'during' })
      refused.push(`${answer.status} ${answer.body.Code}`)
    }
    assert.deepEqual(new Set(refused), new Set(['503 ServiceUnavailableTemporary']))
    assert.equal((await program.call('Encrypt', { KeyId, Plaintext: 'x' })).status, 503)
    assert.deepEqual([await health(program, '/healthz'), await health(program, '/readyz')], [200, 503])
    assert.match(program.log(), /the database can not be written/)

    limitFileSize(program.process.pid, 'unlimited')
    // A balancer that sends no calls to a server that is not ready must learn that it is again.
    while ((await health(program, '/readyz')) !== 200) await setTimeout(100)
    assert.equal((await program.call('Decrypt', { CiphertextBlob })).body.Plaintext, 'kept')
    assert.equal((await program.call('ListKeys')).body.TotalCount, 1)
    assert.equal((await program.call('CreateKey', { Description: 'after' })).status, 200)
    assert.equal(await program.stop(), 0)
    const again = await startProgram({ data: program.data })
    assert.equal((await again.call('ListKeys')).body.TotalCount, 2)
    assert.equal((await again.call('Decrypt', { CiphertextBlob })).body.Plaintext, 'kept')
    await again.stop()
    removeFolder(program.data)
  })
})
