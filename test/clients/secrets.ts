// The official clients of Secrets Manager, which keep what they read in a cache of their own, over HTTPS.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Program, removeFolder, runProgram, startProgram, temporaryFolder } from '../acceptance/program.ts'
import { trustStore } from './languages.ts'

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const BUILT = here('../../node_modules/.clients/secrets')
const lacks = (program: string) =>
  spawnSync('sh', ['-c', `command -v ${program}`]).status === 0 ? false : `not run: no ${program} here`

describe('a secret', () => {
  const folder = temporaryFolder()
  let server: Program
  let env: Record<string, string>
  before(async () => {
    mkdirSync(BUILT, { recursive: true })
    server = await startProgram({ data: join(folder, 'data'), flags: ['--tls', 'self-signed'] })
    const ca = join(server.data, 'tls/ca.pem')
    env = {
      STRONGROOM_ENDPOINT: server.endpoint,
      STRONGROOM_CA_FILE: ca,
      SSL_CERT_FILE: ca,
      REQUESTS_CA_BUNDLE: ca,
      ALIBABA_CLOUD_ACCESS_KEY_ID: server.credentials.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: server.credentials.accessKeySecret,
    }
    const secret = ['--SecretName', 'db', '--VersionId', 'v1', '--SecretData', 'hunter2']
    const made = await runProgram(['kms', 'CreateSecret', ...secret], env)
    assert.equal(made.code, 0, made.err)
  })
  after(async () => {
    await server.stop()
    removeFolder(folder)
  })

  const lastLine = async (command: string, args: readonly string[]) => {
    const child = spawn(command, [...args, new URL(server.endpoint).host, 'db'], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    await once(child, 'close')
    return out.trim().split('\n').at(-1)
  }

  it('is read by aliyun-secretsmanager-client-go', { skip: lacks('go') }, async () => {
    execFileSync('go', ['build', '-o', join(BUILT, 'client'), '.'], { cwd: here('secrets') })
    assert.equal(await lastLine(join(BUILT, 'client'), []), 'v1 hunter2')
  })

  it('is read by alibabacloud-secretsmanager-client-v2 for Python', { skip: lacks('python3') }, async () => {
    const venv = join(BUILT, 'python')
    execFileSync('python3', ['-m', 'venv', '--clear', venv])
    execFileSync(join(venv, 'bin/pip'), ['install', '--quiet', '-r', here('secrets/requirements.txt')])
    assert.equal(await lastLine(join(venv, 'bin/python'), [here('secrets/read.py')]), 'v1 hunter2')
  })

  it('is read by alibabacloud-secretsmanager-client for Java', { skip: lacks('mvn') }, async () => {
    const [classes, classpath] = [join(BUILT, 'java'), join(BUILT, 'java/classpath')]
    mkdirSync(classes, { recursive: true })
    const resolve = ['dependency:build-classpath', `-Dmdep.outputFile=${classpath}`]
    execFileSync('mvn', ['-B', '-q', '-f', here('secrets/java/pom.xml'), ...resolve])
    const packages = readFileSync(classpath, 'utf8')
    execFileSync('javac', ['-d', classes, '-cp', packages, here('secrets/java/Read.java')])
    const trusting = await trustStore(folder)
    assert.equal(await lastLine('java', [...trusting, '-cp', `${packages}:${classes}`, 'Read']), 'v1 hunter2')
  })
})
