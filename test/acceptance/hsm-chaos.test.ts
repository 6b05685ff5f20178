// Everything that can happen to a device, under load: software keys go on, HSM keys answer or fail with 503 in time, and all is
// well by itself afterwards. With STRONGROOM_MEASURE=1 it prints the table of docs/hsm.md, and holds the service to its time.
import assert from 'node:assert/strict'
import { cpSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import {
  changePin,
  type FaultyToken,
  faultyModule,
  initSoftHsm,
  makeToken,
  PIN,
  type TestToken,
  TOKEN_KINDS,
  type TokenKind,
} from '../keystore/pkcs11/tokens.ts'
import { Chaos, LIMIT_MS, type Seen } from './chaos.ts'

function suite(kind: TokenKind): void {
  let token: TestToken
  let chaos: Chaos

  before(async () => {
    token = makeToken(kind, LIMIT_MS)
    chaos = await Chaos.begin(token)
  })
  after(async () => {
    await chaos?.[Symbol.asyncDispose]()
    token[Symbol.dispose]()
  })

  it('survives that the process of the library is killed, again and again', async () => {
    await chaos.trial(
      `${kind}: library process killed, 5 times`,
      async () => {
        for (let i = 0; i < 5; i++) {
          const child = chaos.modulePid
          if (child) process.kill(child, 'SIGKILL')
          await pause(400)
          await token.recover()
        }
      },
      () => {},
    )
  })

  it('survives that the library hangs', async () => {
    await chaos.trial(
      `${kind}: library hangs for 4 s`,
      async () => {
        const child = chaos.modulePid
        process.kill(child, 'SIGSTOP')
        await pause(4000)
        await chaos.until(() => /hangs/.test(chaos.program.log()), 'no word of it')
        try {
          process.kill(child, 'SIGCONT')
        } catch {
          // It was given up meanwhile.
        }
      },
      () => {},
    )
  })

  // Of NSS softokn, whose token is an open database in one process, the rest can't be had from outside.
  if (kind === 'SoftHSM2') plugs()

  function plugs(): void {
    it('survives that the token vanishes and comes back', async () => {
      await chaos.trial(
        `${kind}: token unplugged for 3 s`,
        async () => {
          renameSync(join(token.folder, 'tokens'), join(token.folder, 'unplugged'))
          await pause(3000)
          assert.equal(await chaos.encrypts(), false)
        },
        () => renameSync(join(token.folder, 'unplugged'), join(token.folder, 'tokens')),
      )
    })

    it('survives that the PIN is changed, without locking the token by trying the old one', async () => {
      await chaos.trial(
        `${kind}: PIN changed, file follows after 4 s`,
        async () => {
          changePin(token, token.label, PIN, 'another-pin')
          process.kill(chaos.modulePid, 'SIGKILL')
          await pause(4000)
          assert.equal(await chaos.encrypts(), false)
        },
        () => writeFileSync(token.pinFile, 'another-pin\n'),
      )
    })

    it('survives that the slot is initialized again and its backup is restored', async () => {
      await chaos.trial(
        `${kind}: slot initialized again, backup restored after 4 s`,
        async () => {
          writeFileSync(token.pinFile, `${PIN}\n`)
          cpSync(join(token.folder, 'tokens'), join(token.folder, 'backup'), { recursive: true })
          initSoftHsm(token.env, token.label, true)
          await pause(4000)
          assert.equal(await chaos.encrypts(), false)
        },
        () => {
          rmSync(join(token.folder, 'tokens'), { recursive: true })
          cpSync(join(token.folder, 'backup'), join(token.folder, 'tokens'), { recursive: true })
          writeFileSync(token.pinFile, 'another-pin\n')
        },
      )
    })
  }

  it('has lost nothing, and its log says what happened', async () => {
    await chaos.calm()
    assert.ok(await chaos.opens())
    const log = chaos.program.log()
    for (const said of [/ended unasked/, /hangs/, /"level":30,.*"the HSM serves again"/]) assert.match(log, said)
    if (kind === 'SoftHSM2') assert.match(log, /refuses the PIN \(CKR_PIN_INCORRECT\)/)
    assert.equal(log.includes(PIN) || log.includes('another-pin'), false)
  })
}

for (const kind of TOKEN_KINDS) describe(`an HSM under chaos (${kind})`, () => suite(kind))

describe('an HSM whose library answers with errors (SoftHSM2 behind one that does harm)', () => {
  let token: FaultyToken
  let chaos: Chaos
  before(async () => {
    token = faultyModule(makeToken('SoftHSM2', LIMIT_MS))
    chaos = await Chaos.begin(token)
  })
  after(async () => {
    await chaos?.[Symbol.asyncDispose]()
    token[Symbol.dispose]()
  })

  /** Does harm for three seconds, or longer until `enough` was seen. */
  const trial = (name: string, enough: (seen: Seen) => boolean, ...lines: string[]) =>
    chaos.trial(
      `${name}, for 3 s`,
      async () => {
        token.harm(...lines)
        await pause(3000)
        await chaos.until(() => enough(chaos.seen), 'not enough calls')
      },
      () => token.harm(),
    )

  for (const [name, value] of [
    ['CKR_DEVICE_ERROR', '0x30'],
    ['CKR_DEVICE_REMOVED', '0x32'],
    ['CKR_GENERAL_ERROR', '0x5'],
    ['CKR_KEY_HANDLE_INVALID', '0x60'],
  ] as const) {
    it(`answers 503 as long as every call ends with ${name}`, async () => {
      const harm = [`C_Encrypt ${value} 1`, `C_Decrypt ${value} 1`]
      await trial(`every call ends with ${name}`, ({ failed }) => failed > 20, ...harm)
    })
  }

  for (const [name, line] of [
    ['every 100th session is void (CKR_SESSION_HANDLE_INVALID)', 'C_DecryptInit 0xB3 100'],
    ['the token logs out every 100th call', 'C_DecryptInit logout 100'],
  ] as const) {
    it(`logs in afresh and answers nearly all when ${name}`, async () => {
      const { answered, failed } = await trial(name, (seen) => seen.answered > 400, line)
      assert.ok(answered > 10 * failed, `${answered} calls answered, ${failed} failed`)
    })
  }

  it('goes on with all else when one kind of call ends with CKR_GENERAL_ERROR', async () => {
    const enough = ({ answered, failed }: Seen) => failed > 20 && answered > 20
    await trial('every decryption ends with CKR_GENERAL_ERROR', enough, 'C_Decrypt 0x5 1')
  })

  it('answers, or 503, when the device is busy: 20 ms for a call, then twice the limit', async () => {
    const taking = (ms: number) => [`C_Encrypt wait-${ms} 1`, `C_Decrypt wait-${ms} 1`]
    await trial('every call takes 20 ms', ({ answered }) => answered > 200, ...taking(20))
    await trial(`every call takes ${2 * LIMIT_MS} ms`, ({ failed }) => failed > 20, ...taking(2 * LIMIT_MS))
  })

  it('has lost nothing', async () => {
    await chaos.calm()
    assert.ok(await chaos.opens())
  })
})
