// The command line, as its user types it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { kmsOperations } from '../../src/kms/operations.ts'
import { type Program, removeFolder, runProgram, startProgram } from './program.ts'

let program: Program
before(async () => {
  program = await startProgram({ flags: ['--tls', 'self-signed'] })
})
after(async () => {
  await program.stop()
  removeFolder(program.data)
})

function kms(...args: string[]) {
  const { accessKeyId, accessKeySecret } = program.credentials
  return runProgram(['kms', ...args], {
    STRONGROOM_ENDPOINT: program.endpoint,
    STRONGROOM_CA_FILE: join(program.data, 'tls/ca.pem'),
    ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
  })
}

describe('strongroom kms', () => {
  it('calls operations and prints their JSON, as the lines of the guide do', async () => {
    const created = await kms('CreateKey', '--Origin', 'EXTERNAL', '--Description', 'External key')
    assert.equal(created.code, 0, created.err)
    const { KeyId } = JSON.parse(created.out).KeyMetadata
    const wrapping = ['--WrappingAlgorithm', 'RSAES_OAEP_SHA_1', '--WrappingKeySpec', 'RSA_2048']
    const parameters = await kms('GetParametersForImport', '--KeyId', KeyId, ...wrapping)
    assert.match(JSON.parse(parameters.out).PublicKey, /^MIIB/)
    const deleted = await kms('DeleteKeyMaterial', '--KeyId', KeyId)
    assert.deepEqual(Object.keys(JSON.parse(deleted.out)), ['RequestId'])
    const elsewhere = await kms('ListKeys', '--RegionId', 'cn-beijing')
    assert.equal(JSON.parse(elsewhere.out).TotalCount, 0)
  })

  it('takes lists in pieces, as the cloud writes them', async () => {
    const { accessKeyId, accessKeySecret } = program.credentials
    const lookup = (...args: string[]) =>
      runProgram(['actiontrail', 'LookupEvents', ...args, '--print', 'Events'], {
        STRONGROOM_ENDPOINT: program.endpoint,
        STRONGROOM_CA_FILE: join(program.data, 'tls/ca.pem'),
        ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
      })
    await kms('ListAliases')
    const found = await lookup('--LookupAttribute.1.Key', 'EventName', '--LookupAttribute.1.Value', 'ListAliases')
    assert.equal(JSON.parse(found.out)[0].eventName, 'ListAliases')
    assert.equal((await lookup('--LookupAttribute.x.Key', 'EventName')).code, 2)
    assert.equal((await kms('ListKeys', '--PageSize.1.Key', '3')).code, 2)
  })

  it('prints one member of the answer where it is asked to', async () => {
    const created = await kms('CreateKey', '--print', 'KeyMetadata.KeyId')
    assert.match(created.out, /^[0-9a-f-]{36}\n$/)
    assert.equal((await kms('ListAliases', '--print', 'Aliases.Alias')).out, '[]\n')
    assert.equal((await kms('ListAliases', '--print', 'Aliases.constructor')).code, 2)
  })

  it('says the code, the message and the request id of a refusal, and exits with 1', async () => {
    const { code, out, err } = await kms('DescribeKey', '--KeyId', 'nope')
    assert.deepEqual([code, out], [1, ''])
    assert.match(
      err,
      /^strongroom: Forbidden\.KeyNotFound: The specified Key is not found\. \(RequestId [0-9a-f-]{36}\)\n$/,
    )
  })

  it('exits with 2 when the line is wrong, and says what is', async () => {
    const cases: [string[], RegExp][] = [
      [['createkey'], /unknown operation `createkey` \(did you mean CreateKey\?\)/],
      [['ListKey'], /unknown operation `ListKey` \(did you mean ListKeys\?\)/],
      [['Dance'], /unknown operation `Dance`: see/],
      [['DescribeKey', '--KeyID', 'a'], /no parameter `--KeyID` \(did you mean KeyId\?\)/],
      [['ListKeys', '--endpoint', 'localhost:7700'], /must be a URL such as http:\/\/127\.0\.0\.1:7700/],
      [['CreateKey', '--Colour', 'red'], /CreateKey has no parameter `--Colour`/],
      [['CreateKey', '--Description'], /`--Description` needs a value/],
      [['CreateKey', '--Description', 'a', '--Description', 'b'], /given twice/],
      [['CreateKey', 'Description', 'a'], /no parameter `Description`/],
    ]
    for (const [args, message] of cases) {
      const { code, err } = await kms(...args)
      assert.equal(code, 2, args.join(' '))
      assert.match(err, message)
    }
    const none = await runProgram(['kms', 'ListKeys', '--data', '/nonexistent'], { ALIBABA_CLOUD_ACCESS_KEY_ID: '' })
    assert.deepEqual([none.code, /no credentials/.test(none.err)], [2, true])
    assert.equal((await runProgram([])).code, 2)
  })

  it('names an unknown verb on standard error, with the nearest one', async () => {
    const cases: [string[], RegExp][] = [
      [['srve'], /^strongroom: unknown verb `srve` \(did you mean serve\?\): see `strongroom --help`\n$/],
      [['dance'], /^strongroom: unknown verb `dance`: see/],
      [['constructor'], /unknown verb `constructor`: see/],
      [['account', 'lst'], /unknown verb `account lst` \(did you mean list\?\): see `strongroom account --help`/],
      [['account', 'key', 'disble', '1', 'x'], /unknown verb `account key disble` \(did you mean key disable\?\)/],
      [['root-key', 'rotat'], /unknown verb `root-key rotat` \(did you mean rotate\?\)/],
      [['audit', 'verfiy'], /unknown verb `audit verfiy` \(did you mean verify\?\)/],
      [['ram', 'whocan'], /unknown operation `whocan` \(did you mean who-can\?\)/],
      [['serve', '--lisen', 'x'], /unknown flag `--lisen` \(did you mean --listen\?\)/],
    ]
    for (const [args, message] of cases) {
      const { code, out, err } = await runProgram(args)
      assert.deepEqual([code, out], [2, ''], args.join(' '))
      assert.match(err, message)
    }
  })

  it('tells its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    const { code, out } = await runProgram(['--version'])
    assert.deepEqual([code, out], [0, `strongroom ${version}\n`])
  })

  it('takes the credentials that the first start left in the data folder', async () => {
    const { code, out } = await runProgram([
      'kms',
      'ListKeys',
      '--endpoint',
      program.endpoint,
      '--data',
      program.data,
      '--ca-file',
      join(program.data, 'tls/ca.pem'),
    ])
    assert.deepEqual([code, JSON.parse(out).PageSize], [0, 10])
  })

  it('says that it can not reach a server', async () => {
    const { code, err } = await runProgram([
      'kms',
      'ListKeys',
      '--endpoint',
      'http://127.0.0.1:1',
      '--data',
      program.data,
    ])
    assert.deepEqual([code, /can't be reached/.test(err)], [1, true], err)
  })

  it('says so when the server is no Strongroom, or speaks another protocol', async () => {
    const answers: Record<string, [number, string, string]> = {
      '/html': [200, 'text/html', '<html>welcome</html>'],
      '/json': [200, 'application/json', '{"status":"ok"}'],
      '/list': [200, 'application/json', '[]'],
      '/error': [404, 'application/json', '{"error":"not found"}'],
    }
    let answer = answers['/html']
    const server = createServer((_, response) => {
      const [status, type, body] = answer ?? [500, '', '']
      response.writeHead(status, { 'content-type': type }).end(body)
    })
    try {
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const listKeys = (at: string) =>
        runProgram(['kms', 'ListKeys', '--endpoint', at, '--data', program.data]).then(({ code, err }) => [code, err])
      for (const [status, type, body] of Object.values(answers)) {
        answer = [status, type, body]
        const said = `strongroom: ${endpoint} is no Strongroom: it answered ${status} with ${type}; say where yours is with --endpoint or STRONGROOM_ENDPOINT\n`
        assert.deepEqual(await listKeys(endpoint), [1, said])
      }
      const tls = endpoint.replace('http', 'https')
      assert.deepEqual(await listKeys(tls), [
        1,
        `strongroom: ${tls} does not speak HTTPS: try ${endpoint}, or another port\n`,
      ])
      const [code, err] = await listKeys(program.endpoint)
      assert.deepEqual(
        [code, /is of no authority that is trusted here.*--ca-file/.test(String(err))],
        [1, true],
        String(err),
      )
      const plain = program.endpoint.replace('https', 'http')
      const wrong = await listKeys(plain)
      assert.deepEqual([wrong[0], String(wrong[1]).includes(program.endpoint)], [1, true], String(wrong[1]))
    } finally {
      server.close()
    }
  })

  it('lists the operations and the parameters of each, from their declarations', async () => {
    const { code, out } = await kms('--help')
    assert.equal(code, 0)
    for (const { name, summary } of kmsOperations) assert.ok(out.includes(`${name} `) && out.includes(summary), name)
    for (const { name, parameters } of kmsOperations.slice(0, 6)) {
      const help = await kms(name, '--help')
      assert.equal(help.code, 0)
      for (const [parameter, { rule }] of Object.entries(parameters)) {
        assert.ok(help.out.includes(`--${parameter}`))
        assert.ok(help.out.includes(rule))
      }
    }
    for (const verb of ['serve', 'account']) assert.match((await runProgram([verb, '--help'])).out, /usage: strongroom/)
  })
})
