// The declarations, held against the contract's description of the API and against each other.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { catalogue } from '../../src/api/errors.ts'
import { kmsOperations } from '../../src/kms/operations.ts'
import { declared } from './declared.ts'

const GOLDEN = new URL('./operations.json', import.meta.url)

describe('the declarations', () => {
  it('are those of the golden file: a change of the public face shows in a reviewed diff', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(declared())), JSON.parse(readFileSync(GOLDEN, 'utf8')))
  })

  it('show in the trail only parameters that exist and are not secret', () => {
    for (const { name, parameters, trail } of kmsOperations)
      for (const shown of trail?.show ?? []) {
        assert.ok(Object.hasOwn(parameters, shown), `${name} shows ${shown}`)
        assert.equal(parameters[shown]?.secret, false, `${name} shows ${shown}`)
      }
  })

  it('record every operation but DescribeRegions', () => {
    assert.deepEqual(
      kmsOperations.filter(({ trail }) => trail === null).map(({ name }) => name),
      ['DescribeRegions'],
    )
  })

  it('refuse with codes of the catalogue, which the errors page explains', () => {
    const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
    for (const code of Object.keys(catalogue))
      assert.ok(page.includes(`## ${code}\n`), `docs/errors.md explains ${code}`)
  })
})
