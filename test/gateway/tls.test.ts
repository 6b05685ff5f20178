// Connections with TLS are bounded like those without, from before their handshake on.
import assert from 'node:assert/strict'
import { connect as connectTcp, type Socket } from 'node:net'
import { after, describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { selfSigned } from '../../src/gateway/certificates.ts'
import type { Limits } from '../../src/gateway/limits.ts'
import { Metrics } from '../../src/gateway/metrics.ts'
import { removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { get, post, signedForm } from '../acceptance/raw.ts'
import { openTestHouse, type TestHouse } from '../house.ts'

const SWEEP = { sweepMs: 20, lingerMs: 50 }

const folder = temporaryFolder()
after(() => removeFolder(folder))
const tls = await selfSigned(folder, ['127.0.0.1'], Date.now())

const openHouse = (limits: Partial<Limits>) => openTestHouse(null, [], { tls, limits, metrics: Metrics })
const portOf = (house: TestHouse) => Number(new URL(house.endpoint).port)

/** All that comes until the connection ends, or until `enough` of it has come. */
function read(socket: Socket, enough?: RegExp): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
      if (enough?.test(text)) resolve(text)
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
  })
}

function openTcp(house: TestHouse, localAddress = '127.0.0.1'): Promise<Socket> {
  return connected({ port: portOf(house), localAddress })
}

function connected(options: { port: number; localAddress: string; localPort?: number }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: '127.0.0.1', ...options }, () => resolve(socket))
    socket.once('error', reject)
  })
}

async function openSecure(house: TestHouse, localAddress = '127.0.0.1'): Promise<Socket> {
  return secured(await openTcp(house, localAddress))
}

function secured(tcp: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ socket: tcp, rejectUnauthorized: false }, () => resolve(socket))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed before its handshake was done')))
  })
}

const listsKeys = async (house: TestHouse, socket: Socket) => (await calls(house, socket, 'ListKeys')).slice(9, 12)

/** The whole answer to a call whose host names no region. */
function calls(house: TestHouse, socket: Socket, action: string): Promise<string> {
  const answer = read(socket, /"RequestId".*\}/s)
  const request = post(signedForm({ Action: action }, house.credentials, { now: house.now })).toString()
  socket.write(request.replace('kms.cn-hangzhou.aliyuncs.com', 'localhost'))
  return answer
}

async function disconnections(house: TestHouse, reason: string): Promise<number> {
  const series = `strongroom_disconnections_total{reason="${reason}"} `
  const line = (await house.metrics.text()).split('\n').find((one) => one.startsWith(series))
  return Number(line?.slice(series.length) ?? 0)
}

describe('with TLS', () => {
  it('connections without a handshake are closed', async () => {
    await using house = await openHouse({ ...SWEEP, headMs: 200 })
    assert.equal(await read(await openTcp(house)), '')
    assert.equal(await disconnections(house, 'no TLS handshake'), 1)
  })

  it('requests that do not come are ended', async () => {
    await using house = await openHouse({ ...SWEEP, headMs: 200 })
    // The handshake has to be done within the limit under test: on a slow machine some are not.
    while ((await disconnections(house, 'no request came')) === 0)
      assert.equal(await openSecure(house).then(read, () => ''), '')
  })

  it('requests that come in part are refused', async () => {
    await using house = await openHouse({ ...SWEEP, headMs: 200 })
    const half = async () => {
      const socket = await openSecure(house)
      socket.write('POST / HTTP/1.1\r\n')
      return read(socket)
    }
    // As above, and for its first byte.
    let answer = ''
    while (answer === '') answer = await half().catch(() => '')
    assert.match(answer, /^HTTP\/1\.1 408 .*"RequestTimeout"/s)
  })

  it('connections that send no handshake are closed', async () => {
    await using house = await openHouse({})
    const plain = await openTcp(house)
    plain.write(get('/'))
    assert.doesNotMatch(await read(plain), /HTTP/)
    assert.equal(await disconnections(house, 'no TLS handshake'), 1)
  })

  it('bodies that stop are ended', async () => {
    await using house = await openHouse({ ...SWEEP, bodyMs: 200 })
    const stopped = await openSecure(house)
    stopped.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc')
    assert.match(await read(stopped), /^HTTP\/1\.1 408 .*"RequestTimeout"/s)
  })

  it('answers that are not read are ended', async () => {
    await using house = await openHouse({ answerMs: 200, sweepMs: 20 })
    const deaf = await openSecure(house)
    deaf.on('error', () => {})
    deaf.pause()
    const asked = get(`/${'x'.repeat(1000)}`).repeat(2000)
    while (!deaf.destroyed && deaf.writable)
      await new Promise((resolve) => {
        deaf.once('close', resolve)
        deaf.write(asked, resolve)
      })
    assert.equal(await disconnections(house, 'answer was not read'), 1)
  })

  it('too many connections of one address keep no other out, before their handshake and after', async () => {
    await using house = await openHouse({ maxConnections: 20 })
    const silent: Socket[] = []
    try {
      for (let i = 0; i < 30; i++) silent.push(await openTcp(house, '127.0.0.2'))
      for (let i = 0; i < 30; i++) silent.push(await openSecure(house, '127.0.0.2'))
      for (const socket of silent) socket.on('error', () => {})
      const other = await openSecure(house, '127.0.0.3')
      assert.equal(await listsKeys(house, other), '200')
      other.destroy()
      const newest = silent.at(-1)
      assert.ok(newest)
      assert.equal(await listsKeys(house, newest), '200')
    } finally {
      for (const socket of silent) socket.destroy()
    }
  })

  it('a call belongs to the region of its own port, whatever other connection its client has', async () => {
    await using house = await openTestHouse(null, ['--listen', 'cn-beijing=127.0.0.1:0'], { tls })
    const first = await openTcp(house)
    const port = Number(new URL(house.endpoints[1] ?? '').port)
    const second = await connected({ port, localAddress: '127.0.0.1', localPort: first.localPort ?? 0 })
    try {
      // Both have been accepted when the later one has.
      const later = await secured(second)
      const earlier = await secured(first)
      assert.match(await calls(house, later, 'CreateKey'), /acs:kms:cn-beijing:/)
      assert.match(await calls(house, earlier, 'CreateKey'), /acs:kms:cn-hangzhou:/)
    } finally {
      for (const socket of [first, second]) socket.destroy()
    }
  })
})
