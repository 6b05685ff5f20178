// Runs the tests of one kind: several files at a time, with a time limit for each test and each file, on one PostgreSQL for all.
// `node scripts/suite.mjs usual|quick|nightly|failures|coverage|clients|packages|fips [FILE…]`; named files replace the files of the kind.
import '../test/owned.ts'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'
import { neverMet } from '../test/refusals.ts'
import { smaller } from '../test/size.ts'
import { shareServer } from '../test/storage/postgresql-server.ts'
import { buildConsole } from './console.mjs'
import reporter from './reporter.mjs'

/** A test that exceeds this hangs. The slowest test takes half a minute on two idle cores; a busy machine has a quarter of their speed. */
const TEST_LIMIT_S = 300
/** The limit of all tests in a file. */
const FILE_LIMIT_S = 600
/** The factor for runs in full size. */
const FULL_SCALE = 10
/** The tests of the service, and the examples that need only npm packages and PostgreSQL. */
const all = ['test/**/*.test.ts', 'examples/{database,object-storage,testing/node}/*.test.ts']
/** Tests often wait: two files for each core. */
const AT_ONCE = 4
/** This file starts first: its one process takes a core for minutes, and would otherwise run alone at the end. */
const LONGEST = 'test/simulation/simulation.test.ts'

const kinds = {
  usual: { files: all, size: 'usual' },
  /** Tests without PostgreSQL and HSM, and a short test of the program from outside. */
  quick: {
    files: [
      'test/architecture.test.ts',
      'test/cryptography/*.test.ts',
      'test/gateway/*.test.ts',
      'test/keystore/*.test.ts',
      'test/ram/policy/*.test.ts',
      'test/acceptance/bad-input.test.ts',
      'test/acceptance/full-disk.test.ts',
      'test/acceptance/observability.test.ts',
    ],
    size: 'usual',
  },
  nightly: { files: all, size: 'full' },
  /** Tests that kill servers, break devices and connections, and fill disks. */
  failures: {
    files: [
      'test/acceptance/{fuzz,full-disk,hsm-chaos,hsm-kill,kill,root-key-*}.test.ts',
      'test/actiontrail/delivery/delivery-kill.test.ts',
      'test/model/sequences.test.ts',
      'test/random-sequences.test.ts',
      'test/simulation/simulation.test.ts',
      'test/storage/{failing-sync,lost-connection,two-servers}.test.ts',
      'test/histories/histories.ts',
      'test/failures/all.ts',
    ],
    size: 'full',
    /** This file takes hours. */
    scale: 30,
  },
  /** The lines of the sources that tests cover, in their own processes and in programs that end by themselves. */
  coverage: { files: all, size: 'usual' },
  /** Tests that make packages of the program, install them and use them. */
  packages: {
    files: ['test/clients/{container-image,debian-package,helm-install,npm-package,point-in-time}.ts'],
    size: 'full',
  },
  /** Tests in a process on OpenSSL's FIPS provider, and on NSS in FIPS mode. */
  fips: { files: ['test/fips.test.ts'], size: 'usual' },
  /** Tests that fetch and compile packages of other languages, or need programs that few machines have. */
  clients: {
    files: [
      'test/clients/{ack-secret-manager,aliyun-cli,auto-unseal,documented,external-secrets,external-secrets-controller,helm,kube-apiserver,kubernetes,monitoring,rage,s3-gateway,secrets,secrets-store-csi,terraform,testing}.ts',
      'test/histories/histories.ts',
      'examples/disk/*.test.ts',
    ],
    size: 'full',
  },
}

const [kind, ...named] = process.argv.slice(2)
const { files: patterns, size, scale = size === 'full' ? FULL_SCALE : 1 } = kinds[kind]
const sorted = globSync(patterns).sort()
const files =
  named.length > 0
    ? named
    : [...sorted.filter((file) => file === LONGEST), ...sorted.filter((file) => file !== LONGEST)]
const seed = process.env.STRONGROOM_TEST_SEED ?? String(Date.now() % 1_000_000_000)
if (size === 'usual') console.log(`smaller than in \`npm run test:nightly\`: ${smaller().join('; ')}`)
console.log(`${files.length} files; STRONGROOM_TEST_SEED=${seed} repeats what is random`)
// Built once before: files that start at the same time would each build the console.
if (files.some((file) => file.includes('console'))) {
  const failure = buildConsole()
  if (failure !== null) console.error(failure)
}
/** A folder for the refusals of operations in a nightly run. */
const refusals = kind === 'nightly' ? mkdtempSync(join(tmpdir(), 'strongroom-refusals-')) : null
const server = ['quick', 'clients', 'packages', 'fips'].includes(kind) ? null : await shareServer()
try {
  // Coverage adds variables to the tests' environment, so it must be this process's own.
  Object.assign(process.env, {
    // The program starts hundreds of times, so its compiled code is cached. For coverage it is not: lines of cached code count less
    // exactly.
    NODE_COMPILE_CACHE:
      kind === 'coverage' ? '' : fileURLToPath(new URL('../node_modules/.cache/node-compile-cache', import.meta.url)),
    STRONGROOM_TEST_SEED: seed,
    STRONGROOM_TEST_SIZE: size,
    ...(refusals && { STRONGROOM_TEST_REFUSALS: refusals }),
    STRONGROOM_TEST_FILE_LIMIT: String(FILE_LIMIT_S * scale),
  })
  const limit = `--test-timeout=${TEST_LIMIT_S * scale * 1000}`
  const execArgv = ['--import=./src/imports.ts', '--import=./test/owned.ts', limit]
  const events = run({
    files,
    concurrency: AT_ONCE,
    execArgv,
    coverage: kind === 'coverage',
    coverageIncludeGlobs: ['src/**/*.ts'],
  })
  events.on('test:fail', () => {
    process.exitCode = 1
  })
  const byFile = ['clients', 'packages'].includes(kind)
  for await (const text of reporter(events, { byFile })) process.stdout.write(text)
  if (refusals && named.length === 0)
    for (const refusal of neverMet(refusals)) console.log(`declared, and met by no test: ${refusal}`)
} finally {
  await server?.[Symbol.asyncDispose]()
  if (refusals) rmSync(refusals, { recursive: true })
}
