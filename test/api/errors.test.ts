// The catalogue of refusals, and how a refusal is made of it.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { actiontrail } from '../../src/api/errors/actiontrail.ts'
import { anyCall } from '../../src/api/errors/any-call.ts'
import { catalogue } from '../../src/api/errors/catalogue.ts'
import { console } from '../../src/api/errors/console.ts'
import { kms } from '../../src/api/errors/kms.ts'
import { ram } from '../../src/api/errors/ram.ts'
import { sts } from '../../src/api/errors/sts.ts'
import { type Denial, denialSeenBy, type Refusal, refuse, refuseDryRun, refuseFor } from '../../src/api/errors.ts'

const DENIAL: Denial = {
  action: 'kms:Encrypt',
  resource: 'acs:kms:cn-hangzhou:1234567890123456:key/one',
  type: 'ExplicitDeny',
  principal: { type: 'SubUser', name: 'dev', account: '1234567890123456' },
  account: '1234567890123456',
  policyType: 'IdentityBased',
  by: { policyName: 'no-keys', policyVersion: 'v1', statementIndex: 0 },
}

function shown({ code, message, status, denial }: Refusal) {
  return { code, message, status, denial }
}

describe('the catalogue', () => {
  it('has each code once', () => {
    const parts = [anyCall, kms, ram, sts, actiontrail, console].flatMap((part) => Object.keys(part))
    assert.deepEqual(parts, Object.keys(catalogue))
  })

  it('has the codes of the errors page, in its order and with its statuses', () => {
    const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
    const explained = [...page.matchAll(/^### (\S+)\n\nHTTP (\d+)\. /gm)].map(([, code, status]) => [
      code,
      Number(status),
    ])
    assert.deepEqual(
      explained,
      Object.entries(catalogue).map(([code, { status }]) => [code, status]),
    )
  })
})

describe('refuse', () => {
  it('has the code, status and message of the catalogue', () => {
    assert.deepEqual(shown(refuse('Forbidden.KeyNotFound')), {
      code: 'Forbidden.KeyNotFound',
      message: 'The specified Key is not found.',
      status: 404,
      denial: null,
    })
  })

  it('fills the slots of code and message', () => {
    const refusal = refuse('InvalidParameter.{name}.Length', { name: 'UserName' })
    assert.equal(refusal.entry, 'InvalidParameter.{name}.Length')
    assert.deepEqual(shown(refusal), {
      code: 'InvalidParameter.UserName.Length',
      message: 'The parameter - "UserName" beyond the length limit.',
      status: 400,
      denial: null,
    })
  })

  it('takes the text of a slot as it is, even where it looks like a slot or a replacement pattern', () => {
    const { message } = refuse('InvalidParameter', { name: '{rule}', rule: '$& {name}' })
    assert.equal(message, 'The specified parameter "{rule}" is not valid. $& {name}')
  })
})

describe('denialSeenBy', () => {
  it('shows the statement only to the account that the policies belong to', () => {
    assert.deepEqual(denialSeenBy(DENIAL.account, DENIAL), DENIAL)
    assert.deepEqual(denialSeenBy('6543210987654321', DENIAL), { ...DENIAL, type: 'ImplicitDeny', by: null })
  })
})

describe('refuseDryRun', () => {
  it('names the code that the real call would get', () => {
    assert.deepEqual(shown(refuseDryRun(refuse('Rejected.Disabled'))), {
      code: 'ValidationError',
      message:
        'The request would have been refused with Rejected.Disabled: The request was rejected because the key state is Disabled.',
      status: 400,
      denial: null,
    })
  })

  it('keeps the denial of a call that policies do not allow', () => {
    const refused = refuseFor(DENIAL, 'Forbidden.NoPermission', { resource: DENIAL.resource })
    assert.deepEqual(shown(refuseDryRun(refused)), {
      code: 'AccessDeniedError',
      message: `This operation for ${DENIAL.resource} is forbidden by permission system.`,
      status: 403,
      denial: DENIAL,
    })
  })

  it('passes on refusals that say nothing about the real call', () => {
    for (const refusal of [
      refuse('DryRunOperationError'),
      refuse('SignatureNonceUsed'),
      refuse('InternalFailure'),
      refuse('ServiceUnavailableTemporary'),
    ])
      assert.equal(refuseDryRun(refusal), refusal)
  })
})
