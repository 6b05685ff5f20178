// A large file through `strongroom encrypt` and `strongroom decrypt`, against OpenSSL's bare ChaCha20, all on one core.
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { randomBytes } from '../src/runtime/random.ts'
import { median, percent } from './figures.ts'
import { onLoadCore, type Server } from './processes.ts'

const MIB = 1024 * 1024
const STRONGROOM = fileURLToPath(new URL('../bin/strongroom', import.meta.url))

interface Measured {
  readonly wallS: number
  readonly cpuS: number
  readonly peakMib: number
}

/** Prints the section: a file of this many MiB, encrypted with a key of the server. */
export function fileRates(
  folder: string,
  {
    server,
    key,
    env,
    mib,
    rounds,
    row,
  }: {
    readonly server: Server
    readonly key: string
    readonly env: Readonly<Record<string, string>>
    readonly mib: number
    readonly rounds: number
    row(name: string, figures: string, budget?: string): void
  },
): void {
  const file = join(folder, 'file')
  write(file, mib)
  const [bare, sealed, opened] = [join(folder, 'bare'), `${file}.age`, join(folder, 'opened')]
  const strongroom = (...args: string[]) =>
    measure([STRONGROOM, ...args], { ...env, STRONGROOM_ENDPOINT: server.endpoint })
  const chacha20 = ['openssl', 'enc', '-chacha20', '-K', '00', '-iv', '00', '-in', file, '-out', bare]
  const measured = Array.from({ length: rounds }, () => {
    // Removed before the measurement: replacing a file includes the time for freeing the former one.
    for (const path of [bare, sealed, opened]) rmSync(path, { recursive: true, force: true })
    return {
      bare: measure(chacha20),
      encrypt: strongroom('encrypt', file, '--key', key),
      decrypt: strongroom('decrypt', sealed, '--output', opened),
    }
  })
  for (const verb of ['encrypt', 'decrypt'] as const) {
    const { bare, [verb]: ours } = median(measured, (round) => round.bare.cpuS / round[verb].cpuS)
    const rate = (seconds: number) => `${Math.round((mib * MIB) / 1e6 / seconds)} MB/s`
    row(
      `${verb} a file of ${mib} MiB, by CPU time`,
      `${rate(ours.cpuS)} of ${rate(bare.cpuS)}: ${percent(bare.cpuS, ours.cpuS)}`,
      'budget ≥ 50 %',
    )
    row(
      '  by the clock, ours synced to disk',
      `${rate(ours.wallS)} of ${rate(bare.wallS)}, ${ours.peakMib} MiB of memory`,
    )
  }
  for (const path of [file, bare, sealed, opened]) rmSync(path, { recursive: true })
}

function write(path: string, mib: number): void {
  const block = randomBytes(MIB)
  const file = openSync(path, 'w')
  for (let i = 0; i < mib; i++) writeSync(file, block)
  closeSync(file)
}

/** Runs a program to its end on the core of the load. Counts its children's time, too. */
function measure(command: readonly string[], env: Readonly<Record<string, string>> = {}): Measured {
  // Dirty pages of the previous run would slow this one.
  execFileSync('sync')
  const script =
    'import os,resource,subprocess,sys,time\nt=time.time()\nc=subprocess.call(sys.argv[1:],stderr=2)\nr=resource.getrusage(resource.RUSAGE_CHILDREN)\nprint(time.time()-t,r.ru_utime+r.ru_stime,r.ru_maxrss)\nsys.exit(c)'
  const [program = '', ...args] = onLoadCore(['python3', '-c', script, ...command])
  const { status, stdout, stderr } = spawnSync(program, args, { env: { ...process.env, ...env }, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command.join(' ')}: ${stderr}`)
  const [wallS = 0, cpuS = 0, peakKib = 0] = stdout.trim().split(' ').map(Number)
  return { wallS, cpuS, peakMib: Math.round(peakKib / 1024) }
}
