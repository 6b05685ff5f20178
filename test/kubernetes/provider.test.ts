// `strongroom kubernetes-kms` as kube-apiserver sees it: gRPC on its Unix socket, beside a server whose key changes.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { Code, ConnectError, createClient, createRouterTransport } from '@connectrpc/connect'
import { KeyManagementService } from '../../src/kubernetes/kms-v2_pb.ts'
import { type CallKms, kmsProvider } from '../../src/kubernetes/provider.ts'
import { serveGrpc } from '../../src/kubernetes/unix-socket.ts'
import { runHere } from '../acceptance/line.ts'
import { BIN, type Program, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { providerAt } from './provider-at.ts'

const SEED = Buffer.alloc(32, 7)
const folder = temporaryFolder()
const socket = join(folder, 'kms.sock')
let server: Program
let key: string
/** The provider's user, who may call Encrypt and Decrypt alone. */
let user: { readonly AccessKeyId: string; readonly AccessKeySecret: string }
let provider: ChildProcess
let kubernetes: ReturnType<typeof providerAt>

async function startProvider(): Promise<ChildProcess> {
  const context = ['--encryption-context', '{"cluster":"blue"}']
  const child = spawn(BIN, ['kubernetes-kms', '--key', 'alias/cluster', '--socket', socket, ...context], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      STRONGROOM_ENDPOINT: server.endpoint,
      ALIBABA_CLOUD_ACCESS_KEY_ID: user.AccessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: user.AccessKeySecret,
    },
  })
  const [line] = await once(createInterface(child.stdout), 'line')
  assert.deepEqual(JSON.parse(line), { event: 'ready', endpoint: `unix://${socket}` })
  return child
}

async function must(action: string, parameters: Record<string, string> = {}) {
  const { status, body } = await server.call(action, parameters)
  assert.equal(status, 200, `${action} ${JSON.stringify(body)}`)
  return body
}

before(async () => {
  server = await startProgram({ data: join(folder, 'data') })
  key = (await must('CreateKey')).KeyMetadata.KeyId
  await must('CreateAlias', { AliasName: 'alias/cluster', KeyId: key })
  const ram = (action: string, parameters: Record<string, string>) =>
    must(action, { Version: '2015-05-01', UserName: 'kubernetes', PolicyName: 'kubernetes', ...parameters })
  await ram('CreateUser', {})
  const allowed = { Effect: 'Allow', Action: ['kms:Encrypt', 'kms:Decrypt'], Resource: '*' }
  await ram('CreatePolicy', { PolicyDocument: JSON.stringify({ Version: '1', Statement: [allowed] }) })
  await ram('AttachPolicyToUser', { PolicyType: 'Custom' })
  user = (await ram('CreateAccessKey', {})).AccessKey
  provider = await startProvider()
  kubernetes = providerAt(socket)
})
after(async () => {
  provider?.kill()
  await server.stop()
  removeFolder(folder)
})

describe('the KMS v2 provider', () => {
  it('is healthy, and names the CMK and its version', async () => {
    const { PrimaryKeyVersion } = (await must('DescribeKey', { KeyId: key })).KeyMetadata
    const { version, healthz, keyId } = await kubernetes.status({})
    assert.deepEqual(
      { version, healthz, keyId },
      { version: 'v2', healthz: 'ok', keyId: `${key}/${PrimaryKeyVersion}` },
    )
  })

  it('encrypts and decrypts a seed within what kube-apiserver takes, bound to its context', async () => {
    const { keyId } = await kubernetes.status({})
    const encrypted = await kubernetes.encrypt({ plaintext: SEED, uid: '1' })
    assert.equal(encrypted.keyId, keyId)
    assert.ok(encrypted.ciphertext.length < 1024)
    const { plaintext } = await kubernetes.decrypt({ ciphertext: encrypted.ciphertext, uid: '2', keyId })
    assert.deepEqual(Buffer.from(plaintext), SEED)
    const blob = { CiphertextBlob: Buffer.from(encrypted.ciphertext).toString('base64') }
    assert.equal((await server.call('Decrypt', blob)).status, 400)
    const bound = await must('Decrypt', { ...blob, EncryptionContext: '{"cluster":"blue"}' })
    assert.equal(bound.Plaintext, SEED.toString('base64'))
  })

  it('refuses what is no ciphertext of its own, and a message that is too long', async () => {
    const { ciphertext } = await kubernetes.encrypt({ plaintext: SEED })
    const altered = Buffer.from(ciphertext)
    altered[80] = (altered[80] ?? 0) ^ 1
    for (const wrong of [altered, Buffer.alloc(0), Buffer.from('none')])
      await assert.rejects(kubernetes.decrypt({ ciphertext: wrong }), (error) => {
        assert.equal(ConnectError.from(error).code, Code.InvalidArgument)
        return true
      })
    await assert.rejects(kubernetes.encrypt({ plaintext: Buffer.alloc(100_000) }), /exceeds|larger|too large/i)
  })

  it('names another key id when the alias leads to another CMK, and still opens what the first one sealed', async () => {
    const former = await kubernetes.encrypt({ plaintext: SEED })
    const next = (await must('CreateKey')).KeyMetadata.KeyId
    await must('UpdateAlias', { AliasName: 'alias/cluster', KeyId: next })
    assert.ok((await kubernetes.status({})).keyId.startsWith(`${next}/`))
    for (const keyId of [former.keyId, ''])
      assert.deepEqual(
        Buffer.from((await kubernetes.decrypt({ ciphertext: former.ciphertext, keyId })).plaintext),
        SEED,
      )
    await must('UpdateAlias', { AliasName: 'alias/cluster', KeyId: key })
  })

  it('names the key id of now, though an encryption by the former CMK ends later', async () => {
    const next = (await must('CreateKey')).KeyMetadata.KeyId
    const sealed = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const call: CallKms = async (parameters) => {
      const { Action = '', ...others } = Object.fromEntries(parameters)
      if (Action === 'Decrypt') {
        held.resolve()
        await slow
      }
      const { status, body } = await server.call(Action, others)
      if (others['Plaintext'] === SEED.toString('base64')) {
        sealed.resolve()
        await held.promise
      }
      return { status, answer: body }
    }
    const provider = kmsProvider({ key: 'alias/cluster', encryptionContext: null, call, healthChanged: assert.ifError })
    const transport = createRouterTransport(({ service }) => service(KeyManagementService, provider))
    const client = createClient(KeyManagementService, transport)
    const slow = client.encrypt({ plaintext: SEED })
    await sealed.promise
    await must('UpdateAlias', { AliasName: 'alias/cluster', KeyId: next })
    assert.ok((await client.status({})).keyId.startsWith(`${next}/`))
    assert.ok((await slow).keyId.startsWith(`${key}/`))
    await must('UpdateAlias', { AliasName: 'alias/cluster', KeyId: key })
  })

  it('refuses a ciphertext of another CMK than the one of its key id, though its credentials may use both', async () => {
    const { keyId } = await kubernetes.status({})
    const other = (await must('CreateKey')).KeyMetadata.KeyId
    const context = { EncryptionContext: '{"cluster":"blue"}' }
    const { CiphertextBlob } = await must('Encrypt', { KeyId: other, Plaintext: SEED.toString('base64'), ...context })
    const ciphertext = Buffer.from(CiphertextBlob, 'base64')
    for (const named of [keyId, key, `${key.slice(1)}/x`, '/'])
      await assert.rejects(kubernetes.decrypt({ ciphertext, keyId: named }), (error) => {
        assert.equal(ConnectError.from(error).code, Code.InvalidArgument)
        assert.match(
          ConnectError.from(error).rawMessage,
          new RegExp(`of the CMK ${other}, and the key id is ${named}$`),
        )
        return true
      })
    assert.deepEqual(Buffer.from((await kubernetes.decrypt({ ciphertext, keyId: `${other}/x` })).plaintext), SEED)
  })

  it('says why it is not healthy, and is healthy again when the key is', async () => {
    await must('DisableKey', { KeyId: key })
    assert.match((await kubernetes.status({})).healthz, /^Rejected\.Disabled: .+ \(RequestId .+\)$/)
    await assert.rejects(kubernetes.encrypt({ plaintext: SEED }), (error) => {
      assert.equal(ConnectError.from(error).code, Code.FailedPrecondition)
      return true
    })
    await must('EnableKey', { KeyId: key })
    assert.equal((await kubernetes.status({})).healthz, 'ok')
  })

  it('serves its owner alone, takes the place of a provider that was killed, and of nothing else', async () => {
    assert.equal(statSync(socket).mode & 0o077, 0)
    const line = ['kubernetes-kms', '--key', 'alias/cluster', '--socket']
    const env = { ALIBABA_CLOUD_ACCESS_KEY_ID: 'LTAI', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'x' }
    const inUse = await runHere([...line, socket], env)
    assert.match(inUse.err, /another process serves .+: stop it, or name another path with --socket/)
    const file = join(folder, 'file')
    writeFileSync(file, '')
    assert.match((await runHere([...line, file], env)).err, /is no socket: remove it, or name another path/)
    const unreachable = join(folder, 'loop')
    symlinkSync(unreachable, unreachable)
    const fault = (await runHere([...line, join(unreachable, 'x.sock')], env)).err
    assert.match(fault, /ELOOP/, 'a folder that can not be reached is not called missing')
    provider.kill('SIGKILL')
    await once(provider, 'close')
    provider = await startProvider()
    assert.equal((await kubernetes.status({})).healthz, 'ok')
  })

  it('leaves the socket of a process that is too busy to answer', async () => {
    const path = join(folder, 'busy.sock')
    const script = `require('net').createServer().listen({ path: process.argv[1], backlog: 1 }, () => {
      console.log('ready')
      process.kill(process.pid, 'SIGSTOP')
    })`
    const busy = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(createInterface(busy.stdout), 'line')
    const waiting = Array.from({ length: 3 }, () => connect(path).on('error', () => undefined))
    await assert.rejects(
      serveGrpc(path, () => undefined),
      /another process serves/,
    )
    assert.ok(statSync(path).isSocket())
    for (const socket of waiting) socket.destroy()
    busy.kill('SIGKILL')
    await once(busy, 'close')
  })

  it('ends on SIGTERM with its socket', async () => {
    provider.kill('SIGTERM')
    const [code] = await once(provider, 'close')
    assert.equal(code, 0)
    assert.equal(statSync(socket, { throwIfNoEntry: false }), undefined)
  })

  it('says that the key service can not be reached', async () => {
    provider = await startProvider()
    await server.stop()
    assert.match((await kubernetes.status({})).healthz, /can't be reached/)
  })
})
