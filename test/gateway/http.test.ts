// What HTTP allows beside the usual: each gets an answer in the API's form.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Connection, get, post, type RawAnswer, signedForm } from '../acceptance/raw.ts'
import { openTestHouse, type TestHouse } from '../house.ts'

const HOST = 'kms.cn-hangzhou.aliyuncs.com'

let house: TestHouse
before(async () => {
  house = await openTestHouse(null)
})
after(() => house[Symbol.asyncDispose]())

const form = () => signedForm({ Action: 'ListKeys' }, house.credentials, { now: house.now })
const signedGet = () => signedForm({ Action: 'ListKeys' }, house.credentials, { method: 'GET', now: house.now })

async function once(bytes: string | Uint8Array): Promise<RawAnswer> {
  using connection = await Connection.open(house.endpoint)
  const answer = await connection.send(bytes)
  assert.ok(answer, 'an answer came')
  return answer
}

async function refused(bytes: string | Uint8Array, status: number, code: string): Promise<void> {
  const answer = await once(bytes)
  const body = JSON.parse(answer.body)
  assert.deepEqual([answer.status, body.Code, body.HttpStatus], [status, code, status], answer.body)
  assert.match(answer.headers, new RegExp(`x-acs-request-id: ${body.RequestId}`, 'i'))
}

describe('a request', () => {
  it('in absolute form, as proxies are sent it, is answered', async () => {
    assert.equal((await once(get(`http://${HOST}/?${signedGet()}`))).status, 200)
    assert.equal((await once(get(`HTTP://${HOST.toUpperCase()}?${signedGet()}`))).status, 200)
    const absolute = post(form()).toString().replace('POST /', `POST http://${HOST}/`)
    assert.equal((await once(absolute)).status, 200)
    await refused(get(`http://${HOST}/admin`), 404, 'InvalidAction.NotFound')
    await refused(get(`http://other.example/?${signedGet()}`), 400, 'ParseRequestParameterException')
    await refused(get(`ftp://${HOST}/`), 400, 'ParseRequestParameterException')
  })

  it('of HTTP/1.1 needs a host; of HTTP/1.0 it does not', async () => {
    const bare = `GET /?${signedGet()} HTTP/1.1\r\n\r\n`
    await refused(bare, 400, 'ParseRequestParameterException')
    assert.equal((await once(`GET /?${signedGet()} HTTP/1.0\r\n\r\n`)).status, 200)
    assert.equal((await once(`GET http://${HOST}/?${signedGet()} HTTP/1.0\r\n\r\n`)).status, 200)
  })

  it('that expects 100-continue is asked for its body, unless that is too long', async () => {
    const body = form()
    using connection = await Connection.open(house.endpoint)
    const head = post(body, 'Expect: 100-continue\r\n').subarray(0, -body.length)
    assert.equal((await connection.send(head))?.status, 100)
    assert.equal((await connection.send(body))?.status, 200)
    const long = head.toString().replace(/Content-Length: \d+/, 'Content-Length: 262145')
    await refused(long, 413, 'RequestEntityTooLarge')
  })

  it('that expects anything else is refused', async () => {
    await refused(post(form(), 'Expect: a-miracle\r\n'), 417, 'ParseRequestParameterException')
  })

  it('with the method CONNECT is refused', async () => {
    await refused('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n', 403, 'UnsupportedHTTPMethod')
  })

  it('with a method that node:http does not know is refused as one that it knows', async () => {
    for (const method of ['get', 'Post', 'POSTER', 'FOO', 'X-1'])
      await refused(get('/', { method }), 403, 'UnsupportedHTTPMethod')
    using connection = await Connection.open(house.endpoint)
    connection.write(get(`/?${signedGet()}`) + get('/', { method: 'FOO' }))
    assert.equal((await connection.answer())?.status, 200)
    assert.equal((await connection.answer())?.status, 403)
    await connection.ended()
    for (const line of ['FOO /', 'FOO / HTTP/2.0', 'FOO / RTSP/1.0', 'F(O / HTTP/1.1', 'FOO  / HTTP/1.1'])
      await refused(`${line}\r\nHost: x\r\n\r\n`, 400, 'ParseRequestParameterException')
  })

  it('whose chunks are broken is refused, after the answers to those before', async () => {
    const broken = `POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`
    await refused(broken, 400, 'ParseRequestParameterException')
    using connection = await Connection.open(house.endpoint)
    connection.write(Buffer.concat([post(form()), Buffer.from(broken)]))
    assert.equal((await connection.answer())?.status, 200)
    assert.equal((await connection.answer())?.status, 400)
    connection.write(Buffer.concat([post(form()), Buffer.from('garbage\r\n\r\n')]))
    await connection.ended()
  })

  it('that is garbage is refused after the answers to those before', async () => {
    using connection = await Connection.open(house.endpoint)
    connection.write(Buffer.concat([post(form()), Buffer.from('garbage\r\n\r\n')]))
    assert.equal((await connection.answer())?.status, 200)
    assert.equal((await connection.answer())?.status, 400)
    await connection.ended()
  })

  it('whose body is too long is refused while it is sent, and the answer is read', async () => {
    const body = Buffer.alloc(4_000_000, 'x')
    await refused(post(body), 413, 'RequestEntityTooLarge')
  })

  it('without a body is answered, whatever its content type', async () => {
    const query = signedForm({ Action: 'ListKeys' }, house.credentials, { now: house.now })
    const head = `POST /?${query} HTTP/1.1\r\nHost: x\r\n`
    assert.equal((await once(`${head}\r\n`)).status, 200)
  })
})
