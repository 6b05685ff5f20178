// The text of a first start.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { welcome } from '../../src/cli/welcome.ts'

describe('the first call that a first start shows', () => {
  const credentials = { accountId: '1', accessKeyId: 'LTAI', accessKeySecret: 'secret' }
  const firstCall = (endpoint: string, data: string) =>
    welcome(credentials, endpoint, { data, tls: null }, false).split(' try: ')[1]

  it('quotes what a shell would read in another way', () => {
    const call = 'bin/strongroom kms CreateKey --Description "my first key"'
    assert.equal(firstCall('http://127.0.0.1:7700', './data'), call)
    assert.equal(firstCall('http://localhost:7701', './data'), `${call} --endpoint http://localhost:7701`)
    assert.equal(
      firstCall('http://[::1]:7700', "/srv/the bank's"),
      `${call} --endpoint 'http://[::1]:7700' --data '/srv/the bank'\\''s'`,
    )
  })
})
