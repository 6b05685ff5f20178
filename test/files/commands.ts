// Commands that encrypt and decrypt files, on a house in this process, and implementations of age beside them.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { runHere } from '../acceptance/line.ts'
import { BIN, removeFolder, temporaryFolder } from '../acceptance/program.ts'
import { openTestHouse, type TestHouse } from '../house.ts'

type Environment = Readonly<Record<string, string>>

export class Commands implements AsyncDisposable {
  readonly house: TestHouse
  /** The CMK under the alias that it was opened with. */
  readonly keyId: string
  readonly folder = temporaryFolder()
  /** Leads commands to the house. */
  readonly env: Environment

  private constructor(house: TestHouse, keyId: string) {
    this.house = house
    this.keyId = keyId
    const { accessKeyId, accessKeySecret } = house.credentials
    this.env = {
      STRONGROOM_ENDPOINT: house.endpoint,
      ALIBABA_CLOUD_ACCESS_KEY_ID: accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: accessKeySecret,
    }
  }

  /** On a house with these flags, whose clock is the machine's at this moment. */
  static async open(AliasName: string, flags: readonly string[] = []): Promise<Commands> {
    const house = await openTestHouse(null, flags)
    house.now = Date.now()
    const { KeyId } = (await house.must('CreateKey')).KeyMetadata
    await house.must('CreateAlias', { KeyId, AliasName })
    return new Commands(house, KeyId)
  }

  /** The path of a file in the folder. */
  file(name: string): string {
    return join(this.folder, name)
  }

  run(...words: string[]) {
    return runHere(words, this.env)
  }

  /** Runs a command to its end, which must be a good one; returns what it printed. */
  async printed(...words: string[]): Promise<string> {
    const { code, out, err } = await this.run(...words)
    assert.equal(code, 0, err)
    return out.trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.house[Symbol.asyncDispose]()
    removeFolder(this.folder)
  }
}

/** A PATH on which implementations of age find the plugin; `folder` goes before the machine's own. */
export function pathOfPlugin(...folders: readonly string[]): string {
  return [dirname(BIN), ...folders, process.env['PATH']].join(delimiter)
}

/** Runs an implementation of age to its end; returns its exit code, and what it complained of. */
export async function runAge(program: string, args: readonly string[], env: Environment) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] })
  const closed = once(child, 'close')
  const err = await text(child.stderr)
  const [code] = (await closed) as [number | null]
  return { code, err }
}
