import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NONCE_BYTES } from '../../src/cryptography/xaes.ts'
import { RootKeys } from '../../src/keystore/root-keys.ts'
import { SYSTEM } from '../../src/runtime/system.ts'
import { SecurityTokens } from '../../src/sts/security-token.ts'

const keys = new RootKeys({ generation: 1, roots: [Buffer.alloc(32, 1)], fingerprintKey: Buffer.alloc(32, 2) })

describe('the tokens of sessions', () => {
  const tokens = new SecurityTokens(keys)
  const issued = (sessionPolicy: string | null) => {
    const caller = {
      type: 'assumed-role',
      accountId: '1234567890123456',
      principalId: '300000000000000001:s',
      userName: 'worker:s',
      accessKeyId: 'STS.1',
      roleId: '300000000000000001',
      roleName: 'worker',
      sessionName: 's',
      sessionPolicy,
      startedAt: 0,
      invokedBy: null,
    } as const
    return tokens.issue({ caller, expiresAt: 3_600_000 }, SYSTEM.randomBytes(NONCE_BYTES)).token
  }

  it('stay opened, but only up to 8 MiB of tokens and policies', () => {
    const first = issued(null)
    const opened = tokens.open(first)
    assert.notEqual(opened, null)
    const policy = Buffer.from(SYSTEM.randomBytes(1024)).toString('hex')
    let characters = 0
    const openFurther = (most: number) => {
      while (characters < most) {
        const token = issued(policy)
        characters += token.length + policy.length
        tokens.open(token)
      }
    }
    openFurther(7 * 1024 * 1024)
    assert.equal(tokens.open(first), opened)
    openFurther(8 * 1024 * 1024)
    const again = tokens.open(first)
    assert.notEqual(again, opened)
    assert.deepEqual(again, opened)
  })
})
