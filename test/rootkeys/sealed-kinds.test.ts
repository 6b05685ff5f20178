// Nothing that is sealed and stored may be forgotten by a rotation.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { SEALED_KINDS } from '../../src/rootkeys/sealed-kinds.ts'

const SRC = fileURLToPath(new URL('../../src', import.meta.url))

/** Every file that seals under the root keys, and what becomes of what it sealed. */
const SEALING: Readonly<Record<string, string>> = {
  'keystore/software.ts': 'key-version; import tokens, which are not stored',
  'ram/access-key.ts': 'access-key',
  'ram/mfa-device.ts': 'ram-mfa-device',
  'actiontrail/audit/signing-key.ts': 'trail-signing-key',
  'actiontrail/lookup/page-token.ts': 'not stored',
  'console/sealed.ts': 'not stored',
  'sts/security-token.ts': 'not stored',
  'keystore/pkcs11/hsm.ts': 'import tokens, which are not stored',
  'rootkeys/walk.ts': 'seals again',
  'keystore/root-keys.ts': 'has the ring in use seal for all of these',
}

describe('the kinds of records with something sealed inside', () => {
  it('are those for which the sources seal values', () => {
    const sealing = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts'))
      .filter((path) => /\b(#?keys|roots|rootKeys|ring)\.seal\(/.test(readFileSync(join(SRC, path), 'utf8')))
    assert.deepEqual(sealing.toSorted(), Object.keys(SEALING).toSorted())
    assert.deepEqual([...SEALED_KINDS.keys()], ['key-version', 'access-key', 'ram-mfa-device', 'trail-signing-key'])
  })
})
