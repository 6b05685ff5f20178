// The rules of forms, against the declarations that they derive from: what a form takes is what the operation's parameter takes.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Refusal } from '../../../src/console/browser/service/call.ts'
import {
  type Declarations,
  type OperationName,
  parameterOf,
} from '../../../src/console/browser/service/declarations.ts'
import { refusedField } from '../../../src/console/browser/service/refused-parameter.ts'
import { faultOf, memberFaultOf } from '../../../src/console/browser/service/rules.ts'
import { CHINESE_RULES } from '../../../src/console/browser/texts/declared-rules.ts'
import { CHINESE_SYSTEM_POLICIES } from '../../../src/console/browser/texts/system-policies.ts'
import { declarationsOf } from '../../../src/console/declarations.ts'
import { products } from '../../../src/gateway/products.ts'
import { systemPolicies } from '../../../src/ram/system-policies.ts'

const declarations = JSON.parse(declarationsOf(products, { maxPendingWindowDays: 60 }).body) as Declarations
const all = declarations.Products.flatMap(({ Operations }) => Operations.flatMap(({ Parameters }) => Parameters))
const declared = (operation: OperationName, name: string) => parameterOf(declarations, operation, name)

/** Whether the operation itself takes a text. */
function isTaken(operation: OperationName, name: string, text: string): boolean {
  const [product, called = ''] = operation.split('.')
  const parameter = products.find((one) => one.product.name === product)?.operations.get(called)?.parameters[name]
  assert.ok(parameter)
  try {
    parameter.read(name, text)
    return true
  } catch {
    return false
  }
}

describe('the rules of forms', () => {
  it('take and refuse what the parameter takes and refuses', () => {
    const texts = [
      'a',
      'A.b',
      'a b',
      'ü',
      'a@b',
      '-a',
      'a--b',
      'alias/a',
      'alias/',
      '86-12345',
      '123456',
      '€€€',
      'abc_defg',
    ]
    const long = [63, 64, 65, 128, 129, 256, 257, 261, 1024, 1025, 8192, 8193].flatMap((n) =>
      ['a', '1'].map((c) => c.repeat(n)),
    )
    for (const [operation, name] of [
      ['Kms.CreateAlias', 'AliasName'],
      ['Kms.CreateKey', 'Description'],
      ['Ram.CreateUser', 'UserName'],
      ['Ram.CreateUser', 'DisplayName'],
      ['Ram.CreateUser', 'MobilePhone'],
      ['Ram.CreateUser', 'Email'],
      ['Ram.CreateUser', 'Comments'],
      ['Ram.CreateRole', 'RoleName'],
      ['Ram.CreatePolicy', 'PolicyName'],
      ['Ram.SetAccountAlias', 'AccountAlias'],
      ['Ram.CreateLoginProfile', 'Password'],
      ['Ram.BindMFADevice', 'AuthenticationCode1'],
      ['Actiontrail.CreateTrail', 'Name'],
      ['Actiontrail.CreateTrail', 'OssBucketName'],
    ] as const)
      for (const text of [...texts, ...long])
        assert.equal(
          faultOf(declared(operation, name), text) === null,
          isTaken(operation, name, text),
          `${operation} ${name} ${text.slice(0, 20)} of ${text.length}`,
        )
  })

  it('keep numbers in their range, and those before a unit', () => {
    for (const days of [6, 7, 730, 731]) {
      const fault = faultOf(declared('Kms.UpdateRotationPolicy', 'RotationInterval'), days)
      assert.deepEqual(fault, days === 6 || days === 731 ? { rule: 'range', min: 7, max: 730 } : null)
    }
    for (const seconds of [3599, 3600, 43_200, 43_201, 3600.5])
      assert.equal(
        faultOf(declared('Ram.CreateRole', 'MaxSessionDuration'), seconds) === null,
        isTaken('Ram.CreateRole', 'MaxSessionDuration', String(seconds)),
      )
    assert.equal(declared('Kms.ScheduleKeyDeletion', 'PendingWindowInDays').Max, 60, "the operator's setting")
  })

  it('count the bytes of a plaintext, and of what Base64 means', () => {
    const plaintext = declared('Kms.Encrypt', 'Plaintext')
    assert.equal(faultOf(plaintext, '你'.repeat(2048)), null)
    assert.deepEqual(faultOf(plaintext, '你'.repeat(2049)), { rule: 'bytes', count: 6144 })
    assert.equal(faultOf(plaintext, new Uint8Array(6144)), null)
    assert.deepEqual(faultOf(plaintext, new Uint8Array(6145)), { rule: 'bytes', count: 6144 })
  })

  it('demand what is required, but no text where an empty one is a value', () => {
    assert.deepEqual(faultOf(declared('Ram.CreateUser', 'UserName'), ''), { rule: 'required' })
    assert.equal(faultOf(declared('Ram.CreateUser', 'Comments'), ''), null)
    assert.equal(faultOf(declared('Kms.UpdateKeyDescription', 'Description'), ''), null)
  })

  it('name the character that a tag does not take', () => {
    const [key, value] = declared('Kms.TagResource', 'Tags').Members ?? []
    assert.ok(key && value)
    assert.deepEqual(memberFaultOf(key, ''), { rule: 'required' })
    assert.equal(memberFaultOf(value, ''), null)
    assert.deepEqual(memberFaultOf(key, 'a b'), { rule: 'character', character: ' ' })
    assert.deepEqual(memberFaultOf(value, 'x'.repeat(257)), { rule: 'longest', count: 256 })
  })

  it('have patterns that a browser reads, each with its sentence in Chinese and no other', () => {
    const patterned = all.filter(({ Pattern }) => Pattern !== undefined)
    for (const { Pattern = '' } of patterned) assert.doesNotThrow(() => new RegExp(Pattern, 'u'))
    assert.deepEqual(
      Object.keys(CHINESE_RULES).toSorted(),
      [...new Set(patterned.map(({ Description }) => Description))].toSorted(),
    )
    assert.deepEqual(
      Object.values(CHINESE_RULES).filter((text) => !/\p{Script=Han}/u.test(text)),
      [],
    )
  })
})

describe('a refusal', () => {
  const at = (code: string, message: string, ...names: string[]) =>
    refusedField(
      new Refusal(400, { Code: code, Message: message }),
      names.map((name) => ({ name, names: name === 'Tags' ? ['Tags', 'TagKey', 'TagValue'] : [name] })),
    )

  it('is shown at the field of the parameter that it names', () => {
    const invalid = 'The specified parameter "KeyId" is not valid. A key ID or the ARN of a key.'
    assert.equal(at('InvalidParameter', invalid, 'Plaintext', 'KeyId'), 'KeyId')
    assert.equal(at('InvalidParameter.UserName.InvalidChars', '', 'UserName', 'Comments'), 'UserName')
    assert.equal(at('InvalidParameter.TagKey', 'The specified parameter is not valid.', 'Description', 'Tags'), 'Tags')
    assert.equal(at('AliasAlreadyExists', 'AliasName Already Exists.', 'Description', 'AliasName'), 'AliasName')
    assert.equal(at('EntityAlreadyExists.User', 'The user does already EXIST.', 'UserName', 'Comments'), 'UserName')
    assert.equal(at('ExpiredImportToken', 'import token is expired.', 'ImportToken'), 'ImportToken')
    const weak = 'The parameter - "Password" is not compliant with the password policy.'
    assert.equal(at('InvalidParameter.Password.TooWeak', weak, 'OldPassword', 'NewPassword'), 'NewPassword')
  })

  it('names the statement that is missing, also where an action is on no single resource', () => {
    const denialOf = (Message: string) =>
      new Refusal(403, {
        Message,
        AccessDeniedDetail: { AuthAction: 'kms:InspectHsm', NoPermissionType: 'ImplicitDeny' },
      }).denial
    const denial = { action: 'kms:InspectHsm', isExplicit: false }
    const key = 'acs:kms:cn-hangzhou:1000000000000001:key/k'
    for (const [message, resource] of [
      [`This operation for ${key} is forbidden by permission system.`, key],
      ['This operation for * is forbidden by permission system.', '*'],
      ['You are not authorized to do this operation. Resource: * Action: actiontrail:DescribeTrails', '*'],
      ['You are not authorized to do this action.', null],
    ] as const)
      assert.deepEqual(denialOf(message), { ...denial, resource })
  })

  it('that names no parameter of the form is shown at none', () => {
    assert.equal(at('Forbidden.KeyNotFound', 'The specified Key is not found.', 'KeyId', 'Description'), null)
    assert.equal(at('LimitExceeded.User', 'The count of users beyond the current limits.', 'UserName'), null)
    assert.equal(at('InvalidParameter', 'The specified parameter "Origin" is not valid.', 'Description'), null)
    assert.equal(at('InternalFailure', 'Internal Failure.', 'UserName', 'Name'), null)
  })

  it('with a code of one parameter alone is shown at its field', () => {
    const fields = [
      { name: 'Name', names: ['Name'], code: 'InvalidTrailNameException' },
      { name: 'EventRW', names: ['EventRW'], code: 'InvalidQueryParameter' },
      { name: 'TrailRegion', names: ['TrailRegion'], code: 'InvalidQueryParameter' },
    ]
    const placed = (Code: string) => refusedField(new Refusal(400, { Code, Message: 'It is invalid.' }), fields)
    assert.equal(placed('InvalidTrailNameException'), 'Name')
    assert.equal(placed('InvalidQueryParameter'), null)
  })
})

it('says in Chinese, too, what each system policy is for', () => {
  const described = [...systemPolicies.values()].map(({ description }) => description)
  assert.deepEqual(Object.keys(CHINESE_SYSTEM_POLICIES).toSorted(), [...new Set(described)].toSorted())
  assert.deepEqual(
    Object.values(CHINESE_SYSTEM_POLICIES).filter((text) => !/\p{Script=Han}/u.test(text)),
    [],
  )
})
