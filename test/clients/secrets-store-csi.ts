// The provider of the Secrets Store CSI driver: asked over its socket, as the driver asks it, for the files of a pod's volume.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { connect as http2 } from 'node:http2'
import { connect } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { setDefaultCACertificates } from 'node:tls'
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { type Program, removeFolder, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { freePort } from '../storage/postgresql-server.ts'
import { until } from '../until.ts'
import { installed } from './installed.ts'

const NAME = 'secrets-store-csi-driver-provider-alibaba-cloud'
const PROVIDER = installed(NAME, 'STRONGROOM_TEST_CSI_PROVIDER')
/** Of a gRPC message: whether it is compressed, and its length. */
const PREFIX_BYTES = 5

/** The contents of the files in a MountResponse, by their paths. */
function filesOf(response: Uint8Array): Record<string, string> {
  const files: Record<string, string> = {}
  const reader = new BinaryReader(response)
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag()
    if (number !== 3 || type !== WireType.LengthDelimited) {
      reader.skip(type)
      continue
    }
    const file = new BinaryReader(reader.bytes())
    let [path, contents] = ['', '']
    while (file.pos < file.len) {
      const [member, wire] = file.tag()
      if (member === 1) path = file.string()
      else if (member === 3) contents = Buffer.from(file.bytes()).toString()
      else file.skip(wire)
    }
    files[path] = contents
  }
  return files
}

describe('the Secrets Store CSI provider', { skip: PROVIDER ? false : `not run: no ${NAME} here` }, () => {
  const folder = temporaryFolder()
  const socket = join(folder, 'alibabacloud.sock')
  let server: Program
  let provider: ChildProcess

  /** Asks the provider for these objects; answers the files, or the refusal. */
  const mounted = async (objects: string) => {
    const { accessKeyId, accessKeySecret } = server.credentials
    const attributes = { 'csi.storage.k8s.io/pod.namespace': 'default', region: 'cn-hangzhou', objects }
    const message = new BinaryWriter()
    message.tag(1, WireType.LengthDelimited).string(JSON.stringify(attributes))
    const secret = { access_key: accessKeyId, access_secret: accessKeySecret }
    message.tag(2, WireType.LengthDelimited).string(JSON.stringify(secret))
    message.tag(3, WireType.LengthDelimited).string(join(folder, 'target'))
    message.tag(4, WireType.LengthDelimited).string('420')
    const body = message.finish()
    const prefix = Buffer.alloc(PREFIX_BYTES)
    prefix.writeUInt32BE(body.length, 1)
    const session = http2('http://localhost', { createConnection: () => connect(socket) })
    try {
      const headers = { 'content-type': 'application/grpc', te: 'trailers' }
      const call = session.request({
        ...{ ':method': 'POST', ':path': '/v1alpha1.CSIDriverProvider/Mount' },
        ...headers,
      })
      let said: Record<string, unknown> = {}
      for (const event of ['response', 'trailers'])
        call.on(event, (fields) => {
          said = { ...said, ...fields }
        })
      call.end(Buffer.concat([prefix, body]))
      const answer = await buffer(call)
      return {
        status: String(said['grpc-status']),
        why: String(said['grpc-message']),
        files: filesOf(answer.subarray(PREFIX_BYTES)),
      }
    } finally {
      session.close()
    }
  }

  before(async () => {
    server = await startProgram({ data: join(folder, 'data'), flags: ['--tls', 'self-signed'] })
    setDefaultCACertificates([readFileSync(join(server.data, 'tls/ca.pem'), 'utf8')])
    for (const password of ['hunter1', 'hunter2']) {
      const SecretData = JSON.stringify({ user: 'app', password })
      const value = { SecretName: 'db', VersionId: password, SecretData }
      const { status } = await server.call(password === 'hunter1' ? 'CreateSecret' : 'PutSecretValue', value)
      assert.equal(status, 200)
    }
    mkdirSync(join(folder, 'target'))
    const port = String(await freePort())
    provider = spawn(PROVIDER ?? '', ['--provider-volume', folder, '--healthz-port', port], {
      env: { PATH: process.env['PATH'], SSL_CERT_FILE: join(server.data, 'tls/ca.pem') },
      stdio: 'ignore',
    })
    await until(async () => (await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null))?.ok === true)
  })
  after(async () => {
    if (provider?.exitCode === null && provider.signalCode === null) {
      const gone = once(provider, 'exit')
      provider.kill('SIGKILL')
      await gone
    }
    await server.stop()
    removeFolder(folder)
  })

  it('mounts a secret, one field of it, and an earlier version', async () => {
    const kmsEndpoint = `kmsEndpoint: ${new URL(server.endpoint).host}`
    const latest = `- objectName: db\n  ${kmsEndpoint}\n  jmesPath:\n  - path: password\n    objectAlias: password\n`
    const earlier = `- objectName: db\n  objectAlias: earlier\n  objectVersion: hunter1\n  ${kmsEndpoint}\n`
    const { status, why, files } = await mounted(latest + earlier)
    assert.equal(status, '0', why)
    const all = (password: string) => JSON.stringify({ user: 'app', password })
    assert.deepEqual(files, { db: all('hunter2'), password: 'hunter2', earlier: all('hunter1') })
  })

  it('mounts nothing where a secret is missing', async () => {
    const { status, files } = await mounted(`- objectName: none\n  kmsEndpoint: ${new URL(server.endpoint).host}\n`)
    assert.notEqual(status, '0')
    assert.deepEqual(files, {})
  })
})
