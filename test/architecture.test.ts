// The house's rules that a machine can check: imports point down, the pure core is pure, each foreign thing has one door.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const SRC = fileURLToPath(new URL('../src', import.meta.url))
const TEST = fileURLToPath(new URL('.', import.meta.url))

/** The floors of the house, top first, as ARCHITECTURE.md lists them. A file may import from its own floor and from those below. */
const FLOORS = roomsOf(readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8'))

function roomsOf(page: string): readonly string[] {
  const [, section = ''] = page.split(/^## The modules$/m)
  const [table = ''] = section.split(/^## /m)
  return [...table.matchAll(/^\| `src\/([^`/]+)\/?` +\|/gm)].map(([, room = '']) => room)
}

interface Source {
  readonly path: string
  readonly text: string
  readonly imports: readonly string[]
}

function sources(folder = SRC): Source[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return sources(path)
    const text = readFileSync(path, 'utf8')
    const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, found]) => found ?? '')
    return [{ path: relative(SRC, path), text, imports }]
  })
}

function floorOf(path: string): number {
  const floor = FLOORS.indexOf(path.split('/')[0] ?? '')
  assert.notEqual(floor, -1, `${path} belongs to no floor`)
  return floor
}

/** The application of the browser is a client of the service: it is held to rules of its own below. */
const BROWSER = /^console\/browser\//
/** What runs in the process of another program, on its runtime. */
const ABROAD = /^testing\//
const everything = sources()
const all = everything.filter(({ path }) => !BROWSER.test(path) && !ABROAD.test(path))

describe('the house', () => {
  it('has the modules that ARCHITECTURE.md lists, and no others', () => {
    const unbuilt = FLOORS.filter((room) => !readdirSync(SRC).includes(room))
    assert.deepEqual(unbuilt, [])
    for (const { path } of all) floorOf(path)
  })

  it('has imports that point down, types included', () => {
    const wrong = all.flatMap(({ path, imports }) =>
      imports
        .filter((target) => target.startsWith('.'))
        .map((target) => relative(SRC, join(SRC, dirname(path), target)))
        .filter((target) => target !== '../package.json')
        .filter((target) => floorOf(target) < floorOf(path))
        .map((target) => `${path} imports ${target}`),
    )
    assert.deepEqual(wrong, [])
    assert.ok(all.length > 50)
  })

  it('has no files that import each other in a circle', () => {
    const targets = new Map(
      all.map(({ path, imports }) => [
        path,
        imports
          .filter((target) => target.startsWith('.'))
          .map((target) => relative(SRC, join(SRC, dirname(path), target))),
      ]),
    )
    // What imports nothing that is left is in no circle, and neither is what imports only such files.
    for (let size = -1; size !== targets.size; ) {
      size = targets.size
      for (const [path, imported] of targets) if (!imported.some((target) => targets.has(target))) targets.delete(path)
    }
    assert.deepEqual([...targets.keys()], [])
  })

  it('has an application of the browser that imports nothing of the service', () => {
    const browser = everything.filter(({ path }) => BROWSER.test(path))
    const wrong = browser.flatMap(({ path, imports }) =>
      imports
        .filter((target) => target.startsWith('node:') || target.startsWith('.'))
        .filter((target) => !BROWSER.test(relative(SRC, join(SRC, dirname(path), target))))
        .map((target) => `${path} imports ${target}`),
    )
    assert.deepEqual(wrong, [])
  })

  it('has a judge of servers that imports nothing of the service', () => {
    const judge = all.filter(({ path }) => path.startsWith('conformance/'))
    const wrong = judge.flatMap(({ path, imports }) =>
      imports
        .filter((target) => !target.startsWith('node:') && !target.startsWith('./'))
        .map((target) => `${path} imports ${target}`),
    )
    assert.deepEqual(wrong, [])
    assert.ok(judge.length > 5)
  })

  it('has folders of ActionTrail whose imports point down too', () => {
    const folders = ['operations', 'delivery', 'trails', 'audit', 'lookup', 'events']
    const folderOf = (path: string) => folders.indexOf(path.split('/')[1] ?? '')
    const wrong = all
      .filter(({ path }) => path.startsWith('actiontrail/') && folderOf(path) >= 0)
      .flatMap(({ path, imports }) =>
        imports
          .map((target) => relative(SRC, join(SRC, dirname(path), target)))
          .filter((target) => target.startsWith('actiontrail/') && folderOf(target) >= 0)
          .filter((target) => folderOf(target) < folderOf(path))
          .map((target) => `${path} imports ${target}`),
      )
    assert.deepEqual(wrong, [])
  })

  it('has operations that know the port to key material, and no store', () => {
    const stores = /^keystore\/(software|router|root-keys?|pkcs11\/.*)\.ts$/
    const wrong = all.flatMap(({ path, imports }) =>
      imports
        .map((target) => relative(SRC, join(SRC, dirname(path), target)))
        .filter((target) => target !== '../package.json')
        .filter((target) => path.startsWith('kms/') && stores.test(target))
        .map((target) => `${path} imports ${target}`),
    )
    assert.deepEqual(wrong, [])
  })

  it('gives other programs a module that takes nothing of the service, nor of any package', () => {
    const abroad = everything.filter(({ path }) => ABROAD.test(path))
    assert.deepEqual(
      abroad.map(({ path }) => path),
      ['testing/index.ts'],
    )
    assert.deepEqual(
      abroad.flatMap(({ imports }) =>
        imports.filter((one) => !one.startsWith('node:') && one !== 'strongroom/testing'),
      ),
      [],
    )
  })

  it('names no file of sources but in imports: packages have them compiled (runtime/beside.ts)', () => {
    const named = /['"`][^'"`\s]*\.ts['"`], import\.meta\.url/
    assert.deepEqual(
      all.filter(({ text }) => named.test(text)).map(({ path }) => path),
      [],
    )
  })

  it('tests nowhere which product a call belongs to: what differs is a member of the product', () => {
    const branches = /[!=]==? '(?:Kms|Ram|Sts|Actiontrail)'|\bproduct(?:\.(?:name|service|title))? [!=]==? '/
    const wrong = all.filter(({ text }) => branches.test(text)).map(({ path }) => path)
    assert.deepEqual(wrong, [])
  })

  it('stores the kinds of records that ARCHITECTURE.md lists, and no others', () => {
    const page = readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8')
    const [, table = ''] = page.split(/^\| kind .*\n.*\n/m)
    const rows = table.slice(0, table.indexOf('\n\n')).matchAll(/^\| ([^|]+)\|/gm)
    const listed = [...rows].flatMap(([, kinds = '']) => [...kinds.matchAll(/`([^`]+)`/g)].map(([, kind = '']) => kind))
    const stored = all.flatMap(({ text }) =>
      [...text.matchAll(/(?:: Kind<[\s\S]{0,120}?name|HEAD_PLACE = \{\s*kind): '([a-z-]+)'/g)].map(
        ([, kind = '']) => kind,
      ),
    )
    assert.deepEqual([...new Set(stored)].toSorted(), listed.toSorted())
  })

  it('has a pure core: no clock, no randomness, no process, no files', () => {
    const pure =
      /^(api\/|cryptography\/|kms\/(?!sweep)|ram\/(operations|policy)\/|sts\/|actiontrail\/(?!audit\/signing-key|delivery\/targets\/)|ledger\/(record|stored-)|gateway\/(request|signature|encode|authenticate)\.ts)/
    const impure =
      /\bDate\.now\b|\bnew Date\(\)|\brandomBytes\(|\brandomUUID\b|\bMath\.random\b|\bgenerateKeyPair|\bprocess\.|node:fs/
    const wrong = all
      .filter(({ path }) => pure.test(path))
      .filter(({ text }) => impure.test(text.replace(/context\.randomBytes\(|randomBytes\(length: number\)/g, '')))
      .map(({ path }) => path)
    assert.deepEqual(wrong, [])
  })

  it('takes time, turns and randomness from what is passed in, except where programs begin and in adapters', () => {
    const beginnings = /^(main\.ts|cli\/|house\/(open|serve|workers\/worker)\.ts|keystore\/pair-thread\.ts|runtime\/)/
    const adapters =
      /^(storage\/|keystore\/(pkcs11\/|root-key\.ts)|gateway\/(server|edge|sending|certificates)\.ts|house\/ports\.ts|actiontrail\/delivery\/targets\/)/
    const machine =
      /\bDate\.now\b|\bnew Date\(\)|\bperformance\.|\bset(Timeout|Immediate|Interval)\b|node:timers|\bhrtime\b|\bnextTick\b|\bAbortSignal\.timeout\b|\bMath\.random\b|\brandom(UUID|Fill|Int)|\bgenerateKey|\bgetRandomValues\b|\brandomBytes\b[^}]*\} from 'node:crypto'/
    const wrong = all
      .filter(({ path }) => !beginnings.test(path) && !adapters.test(path))
      .filter(
        ({ text, imports }) => machine.test(text) || imports.some((one) => /runtime\/(system|random)\.ts$/.test(one)),
      )
      .map(({ path }) => path)
    assert.deepEqual(wrong, [])
  })

  it('has one door for each foreign thing', () => {
    const doors: Readonly<Record<string, RegExp>> = {
      kysely: /^storage\//,
      postgres: /^storage\//,
      'node:sqlite': /^(storage\/|house\/only-server\.ts$)/,
      'node:ffi': /^cryptography\/openssl\.ts$/,
      '@peculiar/x509': /^gateway\/certificates\.ts$/,
      'prom-client': /^gateway\/metrics\.ts$/,
      marked: /^gateway\/documentation\.ts$/,
      'marked-gfm-heading-id': /^gateway\/documentation\.ts$/,
      pkcs11js: /^keystore\/pkcs11\//,
      pino: /^house\/log\.ts$/,
      jose: /^sts\/oidc\/verify\.ts$/,
      'node:dns/promises': /^house\/issuer-documents\.ts$/,
      '../../package.json': /^settings\/version\.ts$/,
      '@aws-sdk/client-s3': /^actiontrail\/delivery\/targets\/s3\.ts$/,
    }
    const wrong = all.flatMap(({ path, imports }) =>
      imports.filter((target) => doors[target]?.test(path) === false).map((target) => `${path} imports ${target}`),
    )
    assert.deepEqual(wrong, [])
    const readers = all.filter(({ text }) => /\bprocess\.env\b/.test(text)).map(({ path }) => path)
    assert.deepEqual(readers, ['main.ts'])
  })

  it('loads node:http by runtime/http.ts alone, which costs a start less', () => {
    const wrong = all.filter(({ text }) => /^import (?!type )[^']*'node:http'/m.test(text)).map(({ path }) => path)
    assert.deepEqual(wrong, ['conformance/call.ts'])
  })

  it('is mirrored by its tests: what tests a room lies in the folder of the same name', () => {
    /** Of no one room: each has its line in CONTRIBUTING.md. */
    const others = [
      'acceptance',
      'clients',
      'failures',
      'histories',
      'simulation',
      'model',
      'policies',
      'transcripts',
      'vectors',
      'storage/migrations',
    ]
    const folders = readdirSync(TEST, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ parentPath, name }) => relative(TEST, join(parentPath, name)))
      .filter((folder) => !others.some((other) => folder === other || folder.startsWith(`${other}/`)))
    assert.deepEqual(
      folders.filter((folder) => !existsSync(join(SRC, folder))),
      [],
    )
    const page = readFileSync(join(TEST, '../CONTRIBUTING.md'), 'utf8')
    assert.deepEqual(
      others.filter((other) => !page.includes(`test/${other}/`)),
      [],
    )
  })
})
