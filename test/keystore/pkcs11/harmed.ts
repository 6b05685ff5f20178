// A service whose device does harm on demand: see faulty.c.
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { openTestHouse, type TestHouse } from '../../house.ts'
import { type FaultyToken, faultyModule, makeToken } from './tokens.ts'

/** The service, and a key in its device. */
export async function harmed(flags: readonly string[] = [], timeoutMs?: number) {
  const token = faultyModule(makeToken('SoftHSM2', timeoutMs))
  const house = await openTestHouse(null, flags, { token })
  const end = async () => {
    // Nothing that is held is to hold up the end.
    token.harm()
    await house[Symbol.asyncDispose]()
  }
  return { house, token, keyId: await newKey(house), [Symbol.asyncDispose]: end }
}

export async function newKey(house: TestHouse, parameters: Record<string, string> = {}): Promise<string> {
  return (await house.must('CreateKey', parameters)).KeyMetadata.KeyId
}

/** Waits until the library came so many times to what its log calls `line`. */
export async function comesTo(token: FaultyToken, line: string, times: number): Promise<void> {
  const came = () => token.log().filter((one) => one.startsWith(line)).length
  for (let tries = 0; came() < times; tries++) {
    assert.ok(tries < 3000, `${came()} times \`${line}\``)
    await pause(20)
  }
}

/** No process of the library was given up, or ended by itself: one that was replaced by a fresh one beside it may be. */
export function assertNoneEnded(house: TestHouse): void {
  assert.doesNotMatch(house.failures.join('\n'), /ended|hangs|does not end/)
}
