// Everything that can happen to a device, under the load of 64 callers: software keys go on, HSM keys answer or fail with 503 in time,
// and all is well by itself afterwards. Prints the table of docs/hsm.md.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { initSoftHsm, makeToken, PIN, type TestToken, TOKEN_KINDS, type TokenKind } from '../keystore/pkcs11/tokens.ts'
import { type Program, removeFolder, startProgram } from './program.ts'

const CALLERS = 64
const REGION = { RegionId: 'cn-hongkong' }
/** What the service promises for calls on HSM keys. */
const PROMISED_MS = 250
const HEALED_WITHIN_MS = 15_000

interface Answered {
  readonly level: 'SOFTWARE' | 'HSM'
  readonly status: number
  readonly ms: number
}

function suite(kind: TokenKind): void {
  let token: TestToken
  let program: Program
  const keys = { SOFTWARE: '', HSM: '' }
  let answers: Answered[] = []
  let running = true
  let callers: Promise<void>[] = []
  const table: string[] = []

  before(async () => {
    token = makeToken(kind, 200)
    program = await startProgram({ flags: token.flags, env: token.env })
    for (const ProtectionLevel of ['SOFTWARE', 'HSM'] as const) {
      const { status, body } = await program.call('CreateKey', { ProtectionLevel, ...REGION })
      assert.equal(status, 200, JSON.stringify(body))
      keys[ProtectionLevel] = body.KeyMetadata.KeyId
    }
    callers = Array.from({ length: CALLERS }, (_, i) => caller(i % 2 === 0 ? 'SOFTWARE' : 'HSM'))
  })
  after(async () => {
    running = false
    await Promise.allSettled(callers)
    await program?.stop()
    removeFolder(program.data)
    token[Symbol.dispose]()
  })

  async function caller(level: 'SOFTWARE' | 'HSM'): Promise<void> {
    while (running) {
      const start = performance.now()
      const encrypted = await program.call('Encrypt', { KeyId: keys[level], Plaintext: 'chaos', ...REGION })
      answers.push({ level, status: encrypted.status, ms: performance.now() - start })
      // A caller waits before it tries again, as SDKs do.
      if (encrypted.status !== 200) await pause(20)
    }
  }

  const libraryProcess = () =>
    Number(readFileSync(`/proc/${program.process.pid}/task/${program.process.pid}/children`, 'utf8').split(' ')[0])

  const encrypts = async (KeyId = keys.HSM) =>
    (await program.call('Encrypt', { KeyId, Plaintext: 'healed?', ...REGION })).status === 200

  /** Waits until calls on the HSM key succeed again; answers after how many milliseconds. */
  async function healed(): Promise<number> {
    const start = performance.now()
    for (let successes = 0; successes < 3; ) {
      successes = (await encrypts()) ? successes + 1 : 0
      assert.ok(performance.now() - start < HEALED_WITHIN_MS, `not healed: ${program.log().slice(-2000)}`)
      if (successes === 0) await pause(10)
    }
    return performance.now() - start
  }

  /** Does harm for a while, then mends it; checks what callers saw from the beginning until all was well. */
  async function trial(name: string, harm: () => Promise<void>, mend: () => Promise<void>): Promise<void> {
    assert.ok(await encrypts(), 'well before')
    answers = []
    await harm()
    await mend()
    const healedMs = await healed()
    const seen = answers
    const of = (level: Answered['level']) => seen.filter((answer) => answer.level === level)
    const slowest = (some: readonly Answered[]) => Math.max(0, ...some.map(({ ms }) => ms))
    const [software, hsm] = [of('SOFTWARE'), of('HSM')]
    const failed = hsm.filter(({ status }) => status === 503)
    table.push(
      `| ${name} | ${software.length} | ${hsm.length - failed.length} | ${failed.length} | ${slowest(hsm).toFixed(0)} ms | ${slowest(software).toFixed(0)} ms | ${healedMs.toFixed(0)} ms |`,
    )
    assert.ok(software.length > 100, `${software.length} software calls`)
    assert.deepEqual(
      software.filter(({ status }) => status !== 200),
      [],
    )
    assert.deepEqual(
      hsm.filter(({ status }) => status !== 200 && status !== 503),
      [],
    )
    // What the machine itself is late with shows in the calls that need no HSM.
    assert.ok(slowest(hsm) <= PROMISED_MS + slowest(software), `an HSM call took ${slowest(hsm)} ms`)
  }

  it('survives that the process of the library is killed, again and again', () =>
    trial(
      `${kind}: library process killed, 5 times`,
      async () => {
        for (let i = 0; i < 5; i++) {
          const child = libraryProcess()
          if (child) process.kill(child, 'SIGKILL')
          await pause(400)
        }
      },
      async () => {},
    ))

  it('survives that the library hangs', () =>
    trial(
      `${kind}: library hangs for 4 s`,
      async () => {
        const child = libraryProcess()
        process.kill(child, 'SIGSTOP')
        await pause(4000)
        try {
          process.kill(child, 'SIGCONT')
        } catch {
          // It was given up meanwhile.
        }
      },
      async () => {},
    ))

  // Of NSS softokn, whose token is an open database in one process, the rest can't be had from outside.
  if (kind === 'SoftHSM2') plugs()

  function plugs(): void {
    it('survives that the token vanishes and comes back', () =>
      trial(
        `${kind}: token unplugged for 3 s`,
        async () => {
          renameSync(join(token.folder, 'tokens'), join(token.folder, 'unplugged'))
          await pause(3000)
          assert.equal(await encrypts(), false)
        },
        async () => renameSync(join(token.folder, 'unplugged'), join(token.folder, 'tokens')),
      ))

    it('survives that the PIN is changed, without locking the token by trying the old one', () =>
      trial(
        `${kind}: PIN changed, file follows after 4 s`,
        async () => {
          const login = ['--module', token.module, '--token-label', token.label, '--login', '--pin', PIN]
          execFileSync('pkcs11-tool', [...login, '--change-pin', '--new-pin', 'another-pin'], {
            env: { ...process.env, ...token.env },
            stdio: 'pipe',
          })
          process.kill(libraryProcess(), 'SIGKILL')
          await pause(4000)
          assert.equal(await encrypts(), false)
        },
        async () => writeFileSync(token.pinFile, 'another-pin\n'),
      ))

    it('survives that the slot is initialized anew and its backup is brought back', () =>
      trial(
        `${kind}: slot initialized anew, backup restored after 4 s`,
        async () => {
          writeFileSync(token.pinFile, `${PIN}\n`)
          cpSync(join(token.folder, 'tokens'), join(token.folder, 'backup'), { recursive: true })
          initSoftHsm(token.env, token.label, true)
          await pause(4000)
          assert.equal(await encrypts(), false)
        },
        async () => {
          rmSync(join(token.folder, 'tokens'), { recursive: true })
          cpSync(join(token.folder, 'backup'), join(token.folder, 'tokens'), { recursive: true })
          writeFileSync(token.pinFile, 'another-pin\n')
        },
      ))
  }

  it('has lost nothing, and has said in its log what happened', async () => {
    running = false
    await Promise.all(callers)
    const { body } = await program.call('Encrypt', { KeyId: keys.HSM, Plaintext: 'still there', ...REGION })
    const opened = await program.call('Decrypt', { CiphertextBlob: body.CiphertextBlob, ...REGION })
    assert.equal(opened.body.Plaintext, 'still there')
    const log = program.log()
    for (const said of [/ended unasked/, /hangs/, /the HSM serves again/]) assert.match(log, said)
    if (kind === 'SoftHSM2') assert.match(log, /refuses the PIN \(CKR_PIN_INCORRECT\)/)
    assert.equal(log.includes(PIN) || log.includes('another-pin'), false)
    process.stdout.write(
      `${['| harm | software calls, all well | HSM calls that answered | HSM calls that failed with 503 | slowest HSM call | slowest software call | well again after |', ...table].join('\n')}\n`,
    )
  })
}

for (const kind of TOKEN_KINDS) describe(`an HSM under chaos (${kind})`, () => suite(kind))
