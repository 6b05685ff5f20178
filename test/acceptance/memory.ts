// Looks for secrets in the memory of a running process, as whoever can read its memory would, and in the files of a folder.
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'

const CHUNK = 4 << 20
/** What is looked for is shorter: no find is missed between two chunks. */
const OVERLAP = 128

/** In what forms key material may lie somewhere, by what to call them: whole, in halves, in hexadecimal and in Base64. */
export function formsOf(name: string, material: Buffer): [string, Buffer][] {
  return [
    [name, material],
    [`half of ${name}`, material.subarray(0, 16)],
    [`the other half of ${name}`, material.subarray(16)],
    [`${name} in hexadecimal`, Buffer.from(material.toString('hex'))],
    [`${name} in Base64`, Buffer.from(material.toString('base64').slice(0, 40))],
  ]
}

/** Which of the needles a process has in its memory. */
export function foundInMemory(pid: number, needles: ReadonlyMap<string, Buffer>): Set<string> {
  const found = new Set<string>()
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const buffer = Buffer.alloc(CHUNK + OVERLAP)
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) r\S+ .*$/.exec(line) ?? []
    if (from === undefined || to === undefined || /\[v(var|syscall)/.test(line)) continue
    const end = Number.parseInt(to, 16)
    for (let at = Number.parseInt(from, 16); at < end; at += CHUNK) {
      let length = 0
      try {
        length = readSync(memory, buffer, 0, Math.min(buffer.length, end - at), at)
      } catch {
        // A page that is reserved and was never touched.
      }
      const bytes = buffer.subarray(0, length)
      for (const [name, needle] of needles) if (bytes.includes(needle)) found.add(name)
    }
  }
  closeSync(memory)
  return found
}

/** Which of the needles stand in the files of a folder. */
export function foundInFiles(folder: string, needles: ReadonlyMap<string, Buffer>): Set<string> {
  const found = new Set<string>()
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name))
    for (const [needle, sought] of needles) if (bytes.includes(sought)) found.add(needle)
  }
  return found
}
