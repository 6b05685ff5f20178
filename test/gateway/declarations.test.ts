// The declarations, compared with the golden file and with each other.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { catalogue } from '../../src/api/errors/catalogue.ts'
import { products } from '../../src/gateway/products.ts'
import { declared } from './declared.ts'

const operations = products.flatMap((product) => [...product.operations.values()])
const GOLDEN = new URL('./operations.json', import.meta.url)

describe('the declarations', () => {
  it('are those of the golden file: a change of the public face shows in a reviewed diff', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(declared())), JSON.parse(readFileSync(GOLDEN, 'utf8')))
  })

  it('show in the trail only parameters that exist and are not secret', () => {
    for (const { name, parameters, trail } of operations)
      for (const shown of trail?.show ?? []) {
        assert.ok(Object.hasOwn(parameters, shown), `${name} shows ${shown}`)
        assert.equal(parameters[shown]?.secret, false, `${name} shows ${shown}`)
      }
  })

  it('let no caller pass without a policy except the four that need none', () => {
    assert.deepEqual(
      operations.filter(({ action }) => action === null).map(({ name }) => name),
      // AssumeRole asks two sets of policies itself, AssumeRoleWithOIDC the trust policy.
      ['DescribeRegions', 'AssumeRole', 'AssumeRoleWithOIDC', 'GetCallerIdentity'],
    )
    for (const { product, name, action } of operations)
      if (action !== null) assert.equal(action, `${product.service}:${name}`)
  })

  it("record every operation but KMS's DescribeRegions", () => {
    assert.deepEqual(
      operations.filter(({ trail }) => trail === null).map(({ name }) => name),
      ['DescribeRegions'],
    )
  })

  it('refuse with codes of the catalogue, which the errors page explains', () => {
    const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
    for (const code of Object.keys(catalogue))
      assert.ok(page.includes(`## ${code}\n`), `docs/errors.md explains ${code}`)
  })
})
