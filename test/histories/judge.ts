// The judge of histories: Porcupine, in a small Go program (checker/), which is built when it is first needed.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runProgram, temporaryFolder } from '../acceptance/program.ts'

const CHECKER = fileURLToPath(new URL('checker', import.meta.url))
const BUILT = fileURLToPath(new URL('../../node_modules/.clients/histories', import.meta.url))
/** Where the last history that was rejected stays. */
const REJECTED = fileURLToPath(new URL('../../node_modules/.cache/rejected-history.jsonl', import.meta.url))

/** Why no history can be judged here, or false: Node's form for tests that are skipped. */
export const cannotJudge: string | false =
  spawnSync('sh', ['-c', 'command -v go']).status === 0
    ? false
    : 'histories were not judged: no Go here to build the judge with'

let built: Promise<void> | null = null

/** Builds the judge, once. Go fetches the one module that it takes, unless it has it; rejects where it can not. */
export function buildJudge(): Promise<void> {
  built ??= build()
  return built
}

async function build(): Promise<void> {
  mkdirSync(dirname(BUILT), { recursive: true })
  const child = spawn('go', ['build', '-o', BUILT, '.'], { cwd: CHECKER, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += chunk
    })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`the judge of histories can not be built:\n${said}`)
}

/**
 * Judges a history of JSON lines (checker/history.go); `limit` is Go's notation of the time for each record. Resolves to the summary;
 * rejects with HistoryRejected unless all of it is linearizable.
 */
export async function judged(lines: readonly object[], limit = '60s'): Promise<string> {
  await buildJudge()
  const text = `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`
  const file = join(temporaryFolder(), 'history.jsonl')
  writeFileSync(file, text)
  const { code, out, err } = await runProgram(['-limit', limit, file], {}, BUILT)
  if (code === 0) return out.trimEnd().split('\n').at(-1) ?? ''
  mkdirSync(dirname(REJECTED), { recursive: true })
  writeFileSync(REJECTED, text)
  throw new HistoryRejected(`${out.replaceAll(/^linearizable.*\n/gm, '')}${err}the history is in ${REJECTED}`)
}

/** The history is not linearizable, or the judge could not decide. */
export class HistoryRejected extends Error {}
