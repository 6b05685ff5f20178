// Verifies a copy of delivered objects and digests with the public key alone. A signed digest names every object of its batch, and the
// digest before it. The verdict names the first file that was altered, removed, added or reordered.
import { hash } from 'node:crypto'
import { laneOf } from '../../storage/lane.ts'
import { publicKeyOf } from '../audit/checkpoint.ts'
import { type Digest, fingerprint, readDigest } from './digest.ts'

/** A copy: its files by their paths within the copy, with `/` as separator. */
export interface DeliveredCopy {
  list(): Promise<readonly string[]>
  /** Rejects when the file can't be read. */
  read(path: string): Promise<Uint8Array>
}

/** The expected end of a chain, as GetTrailStatus returns it. Without it, the verdict can't notice that the last digests are missing. */
interface ExpectedEnd {
  /** LatestDigestNumber. */
  readonly number: number
  /** DigestChain; when absent, the chain with the latest digest. */
  readonly chain?: string
}

/** A chain of digests: the deliveries of a trail to one place. */
interface VerifiedChain {
  readonly chain: string
  readonly account: string
  readonly trail: string
  /** The number of the last digest, and when it was made. */
  readonly last: number
  readonly lastTime: string
}

interface DeliveredVerdict {
  /** How much was verified, up to the fault if there is one. */
  readonly objects: number
  readonly digests: number
  readonly events: number
  readonly chains: readonly VerifiedChain[]
  /** Events that were dropped before their delivery, as the digests say. */
  readonly missingEvents: readonly (readonly [first: number, last: number])[]
  /** Unverified objects after the last digest: in delivery when the copy was made, or inserted. */
  readonly uncovered: readonly string[]
  /** The fault, in a sentence that names the file; null when there is none. */
  readonly fault: string | null
}

export interface VerifyDeliveredOptions {
  readonly expected?: ExpectedEnd
  /** Called after each file. */
  readonly progress?: (done: number, files: number) => void
}

const DIGEST_FILE = /^(?:.*\/)?AliyunLogs\/Actiontrail-Digest\/.*\.json$/
const OBJECT_FILE = /^(?:.*\/)?AliyunLogs\/Actiontrail\/.*$/

class Fault extends Error {}

/** A digest and its path; `base` is the part of the path before the digest's own name. */
interface Found {
  readonly path: string
  readonly base: string
  readonly sha256: string
  readonly digest: Digest
}

/** Verifies the copy. Throws when the public key (PEM) is malformed or a file can't be read; the verdict has every other fault. */
export async function verifyDelivered(
  copy: DeliveredCopy,
  publicKeyPem: string,
  { expected, progress }: VerifyDeliveredOptions = {},
): Promise<DeliveredVerdict> {
  publicKeyOf(publicKeyPem)
  const paths = (await copy.list()).toSorted()
  const digestPaths = paths.filter((path) => DIGEST_FILE.test(path))
  const objectPaths = paths.filter((path) => OBJECT_FILE.test(path) && !DIGEST_FILE.test(path))
  const files = digestPaths.length + objectPaths.length
  const seen = { objects: 0, digests: 0, events: 0, missingEvents: [] as (readonly [number, number])[] }
  const chains: VerifiedChain[] = []
  const present = new Set(objectPaths)
  const covered = new Set<string>()
  let [done, fault, uncovered]: [number, string | null, readonly string[]] = [0, null, []]
  const step = () => progress?.(++done, files)
  try {
    const found: Found[] = []
    for (const path of digestPaths) {
      found.push(await readFound(path, copy, publicKeyPem))
      step()
    }
    for (const chain of chainsOf(found)) {
      const lanes = new Map<number, Found>()
      for (const [index, link] of chain.entries()) {
        checkPlace(link, chain[index - 1] ?? null)
        checkEvents(link, lanes)
        for (const object of link.digest.objects) {
          await checkObject(link, object, { copy, covered, present })
          seen.objects++
          seen.events += object.events
          step()
        }
        seen.digests++
        if (link.digest.missingEvents) seen.missingEvents.push(link.digest.missingEvents)
      }
      const { chain: id, account, trail, number, time } = (chain.at(-1) as Found).digest
      chains.push({ chain: id, account, trail, last: number, lastTime: time })
    }
    checkEnd(chains, expected)
    uncovered = leftOver(objectPaths, covered, found)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    fault = error.message
  }
  return { ...seen, chains, uncovered, fault }
}

async function readFound(path: string, copy: DeliveredCopy, publicKeyPem: string): Promise<Found> {
  const bytes = await copy.read(path)
  const digest = readDigest(Buffer.from(bytes).toString('utf8'), publicKeyPem)
  if (!digest) throw new Fault(`the digest ${path} was altered, or another installation signed it`)
  if (digest.publicKey !== fingerprint(publicKeyPem)) throw new Fault(`the digest ${path} names another public key`)
  const name = fileNamed(digest.name)
  if (path !== name && !path.endsWith(`/${name}`))
    throw new Fault(`the digest ${path} is not in its place, which is ${name}`)
  const base = path.slice(0, path.length - name.length)
  return { path, base, sha256: hash('sha256', bytes, 'hex'), digest }
}

/** The path of an object in a copy: no file system keeps the empty segments of a name such as `a//b`. */
function fileNamed(name: string): string {
  return name.replaceAll(/\/{2,}/g, '/')
}

/** The chains, ordered by the time of their first digest, each sorted by number. */
function chainsOf(found: readonly Found[]): readonly (readonly Found[])[] {
  const chains = Map.groupBy(found, ({ base, digest }) => `${base}\n${digest.chain}`)
  return [...chains.values()]
    .map((chain) => chain.toSorted((a, b) => a.digest.number - b.digest.number))
    .toSorted((a, b) => ((a[0]?.digest.time ?? '') < (b[0]?.digest.time ?? '') ? -1 : 1))
}

/** Throws Fault unless the digest follows `before`; null stands for the place before the first digest. */
function checkPlace({ path, base, digest }: Found, before: Found | null): void {
  const { number, previous, chain } = digest
  const expected = (before?.digest.number ?? 0) + 1
  if (number < expected)
    throw new Fault(`the digest ${path} was added: the chain ${chain} has another number ${number}`)
  if (number > expected && before === null)
    throw new Fault(
      `the beginning of the chain ${chain} is missing: the first digest here, ${path}, is number ${number}`,
    )
  if (number > expected) throw new Fault(`the digest ${base}${previous?.name} is missing: ${path} comes after it`)
  if (previous?.name !== before?.digest.name || previous?.sha256 !== before?.sha256)
    throw new Fault(`the digest ${path} does not come after ${before?.path ?? 'nothing'}`)
}

/** Throws Fault when the digest covers events before those of the last digest of the same lane. */
function checkEvents(link: Found, lanes: Map<number, Found>): void {
  const lane = laneOf(link.digest.firstEvent)
  const before = lanes.get(lane)
  if (before && link.digest.firstEvent <= before.digest.lastEvent)
    throw new Fault(`the digest ${link.path} covers events that come before those of ${before.path}`)
  lanes.set(lane, link)
}

interface Objects {
  readonly copy: DeliveredCopy
  readonly covered: Set<string>
  readonly present: ReadonlySet<string>
}

async function checkObject(
  { base, path: by }: Found,
  { name, sha256, size }: Digest['objects'][number],
  { copy, covered, present }: Objects,
): Promise<void> {
  const path = base + fileNamed(name)
  if (!present.has(path)) throw new Fault(`the object ${path} is missing: the digest ${by} names it`)
  const bytes = await copy.read(path)
  if (bytes.length !== size || hash('sha256', bytes, 'hex') !== sha256)
    throw new Fault(`the object ${path} was altered: it is not what the digest ${by} names`)
  covered.add(path)
}

function checkEnd(chains: readonly VerifiedChain[], expected: ExpectedEnd | undefined): void {
  if (!expected) return
  const named = expected.chain === undefined ? chains : chains.filter(({ chain }) => chain === expected.chain)
  const latest = named.toSorted((a, b) => (a.lastTime < b.lastTime ? -1 : 1)).at(-1)
  if ((latest?.last ?? 0) < expected.number)
    throw new Fault(
      `the end of the chain ${latest?.chain ?? expected.chain ?? ''} is missing: its last digest here is number ${latest?.last ?? 0}, expected is ${expected.number}`,
    )
}

/**
 * The objects without a digest that a delivery in progress may have written: no object with a later time has a digest. Throws Fault for any
 * other object.
 */
function leftOver(
  present: readonly string[],
  covered: ReadonlySet<string>,
  found: readonly Found[],
): readonly string[] {
  const left = present.filter((path) => !covered.has(path))
  for (const path of left) {
    const time = /Actiontrail_[a-z0-9-]+_(\d{14})_1002_\d+_\d+_[0-9a-f]{32}\.gz$/.exec(path)?.[1]
    const own = found.filter(({ base }) => path.startsWith(base)).flatMap(({ digest }) => digest.objects)
    const last =
      own
        .map(({ lastTime }) => lastTime.replace(/\D/g, ''))
        .toSorted()
        .at(-1) ?? ''
    if (time === undefined || time < last) throw new Fault(`the object ${path} was added: no digest names it`)
  }
  return left
}
