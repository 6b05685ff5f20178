// What a test process starts ends with it, however it ends: a watchdog beside it sees a pipe close, kills what still runs, and removes its temporary
// folder with what is mounted there, and cgroups of the folder's name.
// What it started bears a mark in its environment, which its own children inherit; so nobody has to keep a list.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { subscribe } from 'node:diagnostics_channel'
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

/** How long what was asked to end may take to, on a busy machine, before it counts as left running. */
const ENDS_WITHIN_MS = 10_000
const NAME = 'STRONGROOM_TEST_OWNER'
/** The signal by which the watchdog asks what holds the process. Nobody else sends it; for SIGUSR2, Node.js writes a report. */
const ASKED = 'URG'
/** How long the answer may take, on a busy machine, before the process counts as one that never gives way. */
const ANSWERS_WITHIN_S = 10

// Its last act: interrupts, so that PostgreSQL frees its shared memory, and kills what is still there two seconds later.
// A file that is over its time is asked what holds it, which ends it. One that never gives way can't answer, and is killed: no limit of a
// test's own ends its loop.
const WATCHDOG = `
marked() { grep -lsxz "$1" /proc/[0-9]*/environ | cut -d / -f 3; }
if ! timeout "$3" cat > /dev/null && kill -${ASKED} "$4"; then
  timeout ${ANSWERS_WITHIN_S} cat > /dev/null
  if [ $? -eq 124 ] && kill -KILL "$4"; then
    echo "$5 did not end within $3 s, and never gave way; the last test that began: $(cat "$2/began")" >&2
  fi
fi
signal=INT
for attempt in $(seq 60); do
  pids=$(marked "$1")
  [ -n "$pids" ] || break
  kill -$signal $pids 2> /dev/null
  sleep 0.1
  [ "$attempt" -lt 20 ] || signal=KILL
done
grep -s " $2/" /proc/mounts | cut -d ' ' -f 2 | sort -r | while read -r mounted; do umount -l "$mounted"; done
find /sys/fs/cgroup -depth -type d -path "*/$(basename "$2")*" -exec rmdir {} + 2> /dev/null
rm -rf "$2" "/dev/shm/$(basename "$2")"`

/** For how many seconds this process may live; 0 sets no limit. */
const limit = process.env['STRONGROOM_TEST_FILE_LIMIT'] ?? '0'
const mark = randomUUID()
/** The mark, as a line of an environment: for what does not inherit that of this process. */
export const OWNER = `${NAME}=${mark}`
const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'))
// PostgreSQL runs under an account of its own, and has its folder in this one.
chmodSync(folder, 0o711)
// The watchdog bears no mark, neither this process's nor that of the one that started it.
const { [NAME]: _, ...unmarked } = process.env
const file = process.argv[1] ?? ''
const watchdog = spawn('sh', ['-c', WATCHDOG, 'watchdog', OWNER, folder, limit, `${process.pid}`, file], {
  detached: true,
  env: unmarked,
  stdio: ['pipe', 'ignore', 'inherit'],
})
watchdog.unref()
;(watchdog.stdin as unknown as { unref(): void }).unref()
process.env[NAME] = mark
process.env['TMPDIR'] = folder

/** The machine's file system in memory, and the room that tests need there. */
const MEMORY = { folder: '/dev/shm', bytes: 4 * 2 ** 30 }

/** A folder in memory that ends with this process, too; the temporary folder where memory is short, or not to be had. */
export function memoryFolder(): string {
  try {
    accessSync(MEMORY.folder, constants.W_OK)
  } catch {
    return folder
  }
  const { bavail, bsize } = statfsSync(MEMORY.folder)
  if (Math.min(bavail * bsize, process.availableMemory()) < MEMORY.bytes) return folder
  const made = join(MEMORY.folder, basename(folder))
  mkdirSync(made, { recursive: true })
  chmodSync(made, 0o711)
  return made
}

/** The command lines of what this process started and what still runs. */
function running(): string[] {
  const read = (pid: string, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8')
    } catch {
      return ''
    }
  }
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && read(pid, 'environ').split('\0').includes(OWNER))
    .map((pid) => `${pid} ${read(pid, 'cmdline').replaceAll('\0', ' ').trim()}`)
}

subscribe('tracing:node.test:start', (test) => {
  writeFileSync(join(folder, 'began'), (test as { name: string }).name)
})

process.on(`SIG${ASKED}`, () => {
  const resources = process.getActiveResourcesInfo()
  const counts = [...new Set(resources)].map((kind) => `${resources.filter((one) => one === kind).length} × ${kind}`)
  const left = process.platform === 'linux' ? running().map((one) => `\n  ${one}`) : []
  process.stderr.write(`${file} did not end within ${limit} s. It held: ${counts.join(', ')}${left.join('')}\n`)
  process.kill(process.pid, 'SIGKILL')
})

process.on('exit', () => {
  if (process.platform !== 'linux') return
  let left = running()
  const clock = new Int32Array(new SharedArrayBuffer(4))
  for (const giveUp = performance.now() + ENDS_WITHIN_MS; left.length > 0 && performance.now() < giveUp; ) {
    Atomics.wait(clock, 0, 0, 50)
    left = running()
  }
  if (left.length === 0) return
  process.stderr.write(`left running by ${file}:\n${left.map((one) => `  ${one}\n`).join('')}`)
  process.exitCode = 1
})
