// Whose a file with a key may be, and who may reach it besides.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { tooOpen } from '../../src/keystore/key-file-access.ts'

/** A regular file of this owner, as a process of this user finds it. */
const verdict = (mode: number, uid: number, user: number | undefined) =>
  tooOpen('key', { mode: 0o100_000 | mode, uid }, user)?.replace(/.*: run /, '') ?? 'taken'

describe('a file with a key', () => {
  it("is taken when it is the process's own, for its owner alone", () => {
    for (const mode of [0o600, 0o400, 0o700])
      for (const user of [0, 1000]) assert.equal(verdict(mode, user, user), 'taken')
    for (const mode of [0o640, 0o440, 0o604, 0o602, 0o666, 0o610])
      for (const user of [0, 1000]) assert.equal(verdict(mode, user, user), '`chmod 600 key`')
  })

  it("is taken when it is root's, and a process that is not reads it through its group", () => {
    for (const mode of [0o440, 0o640]) assert.equal(verdict(mode, 0, 1000), 'taken')
    for (const mode of [0o460, 0o444, 0o450]) assert.equal(verdict(mode, 0, 1000), '`chmod 600 key`')
  })

  it("is not taken when it is another user's", () => {
    for (const mode of [0o600, 0o440]) {
      assert.equal(verdict(mode, 1001, 1000), '`chown 1000 key`')
      assert.equal(verdict(mode, 1001, 0), '`chown 0 key`')
    }
  })

  it('is taken where there are no users', () => {
    assert.equal(verdict(0o666, 0, undefined), 'taken')
  })
})
