// Runs `npm start`, `npm test`, `npm run bench` and others on any Node from version 20 on: installs what is missing, then starts the pinned
// runtime.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildConsole, consoleIsBuilt } from './console.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** The runtime. npm links the package that fits this machine; package-lock.json pins its hash. */
const node = join(root, 'node_modules/.bin/node')

function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (error) console.error(`${command}: ${error.message}`)
  return status ?? (signal ? 128 : 1)
}

/** Runs a step, and exits if it fails. */
function must(command, args, options) {
  const status = run(command, args, options)
  if (status !== 0) process.exit(status)
}

/**
 * Installs the packages of package-lock.json, checks their hashes, and runs none of their scripts. `npm ci` first removes node_modules,
 * even under a running server. So this runs only without an installation, or after a change of the lock file: then the server needs a
 * restart anyway.
 */
function install(withDevelopment) {
  const stamp = join(root, 'node_modules/.strongroom-lock')
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const [whole, part] = [lock, `without development packages\n${lock}`]
  const installed = existsSync(node) && existsSync(stamp) ? readFileSync(stamp, 'utf8') : ''
  if (installed === whole || (installed === part && !withDevelopment)) return
  console.error('strongroom: installing npm packages (once)')
  const how = installed === part ? ['install', '--no-save'] : ['ci']
  const which = withDevelopment ? ['--include=dev'] : ['--omit=dev']
  must('npm', [...how, ...which, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], compiling())
  if (spawnSync(node, ['--version']).status !== 0) {
    console.error(
      `strongroom: the runtime for ${process.platform} ${process.arch} was not installed, or does not run here: it takes Linux (glibc) or macOS on x64 or arm64, and a registry that can be reached`,
    )
    process.exit(1)
  }
  // Compiles the add-on for HSMs here. Without a compiler everything else works, and a server with an HSM says what is missing.
  if (!existsSync(addOn)) compileAddOn(run)
  writeFileSync(stamp, withDevelopment ? whole : part)
}

const addOn = join(root, 'node_modules/pkcs11js/build/Release/pkcs11.node')

function compileAddOn(how) {
  how('npm', ['rebuild', 'pkcs11js', '--loglevel=error'], compiling())
}

function compiling() {
  return { stdio: ['ignore', 2, 2], env: { ...process.env, ...headers() } }
}

/** Node's headers, if the system has them: then the add-on compiles without network. It uses Node-API, which is stable across versions. */
function headers() {
  return existsSync('/usr/include/node/node_api.h') ? { npm_config_nodedir: '/usr' } : {}
}

/** The programs that tests need beside npm packages, and the Debian package of each. */
const programs = [
  // For compiling the add-on for HSMs, and a library that tests load before a token.
  { package: 'build-essential', found: () => found('cc') && found('c++') && found('make') },
  { package: 'python3', found: () => found('python3') },
  { package: 'postgresql', found: () => found('initdb') || found('/usr/lib/postgresql/*/bin/initdb') },
  { package: 'openssl', found: () => found('openssl') },
  { package: 'faketime', found: () => found('/usr/lib/*/faketime/libfaketimeMT.so.1') },
  // Two independent PKCS #11 tokens, and a tool to inspect them.
  { package: 'softhsm2', found: () => found('softhsm2-util') },
  { package: 'libnss3', found: () => found('/usr/lib/*/libsoftokn3.so') },
  { package: 'libnss3-tools', found: () => found('certutil') },
  { package: 'opensc', found: () => found('pkcs11-tool') },
  // The browser for the tests of the console.
  { package: 'chromium-headless-shell', found: () => found('chromium-headless-shell') || found('chromium') },
]

/**
 * What only some tests need: the deployments of test/failures/, stock age, shells. Without these all other tests run, and the report names
 * the skipped ones.
 */
const optional = [
  { package: 'patroni', found: () => found('patroni') },
  { package: 'etcd-server', found: () => found('etcd') },
  { package: 'haproxy', found: () => found('haproxy') },
  { package: 'iproute2', found: () => found('tc') },
  { package: 'nftables', found: () => found('nft') },
  { package: 'stress-ng', found: () => found('stress-ng') },
  // Further shells with completion, beside bash.
  { package: 'zsh', found: () => found('zsh') },
  { package: 'fish', found: () => found('fish') },
  { package: 'age', found: () => found('age') },
]

/** Programs for making and testing packages. Their tests say what is missing. */
const packaging = [
  { package: 'mmdebstrap', found: () => found('mmdebstrap') },
  { package: 'systemd', found: () => found('systemd-analyze') },
  { package: 'buildah', found: () => found('buildah') },
  { package: 'podman', found: () => found('podman') },
  { package: 'runc', found: () => found('runc') },
  { package: 'iproute2', found: () => found('ip') },
  // Networks of podman in which containers resolve each other's names.
  { package: 'netavark', found: () => found('/usr/lib/podman/netavark') },
  { package: 'aardvark-dns', found: () => found('/usr/lib/podman/aardvark-dns') },
  // The first process of each pod of podman.
  { package: 'catatonit', found: () => found('catatonit') },
  { package: 'iptables', found: () => found('iptables') || found('/usr/sbin/iptables') },
  // An emulator for images of the other architecture.
  { package: 'qemu-user-static', found: () => found('qemu-aarch64-static') },
  { package: 'python3-venv', found: () => spawnSync('python3', ['-c', 'import ensurepip']).status === 0 },
]

function found(program) {
  return spawnSync('sh', ['-c', `command -v ${program} || ls ${program}`]).status === 0
}

/** Installs missing required programs, and useful ones. */
function installPrograms(some, others) {
  const missingOf = (all) => all.filter((program) => !program.found()).map((program) => program.package)
  const needed = missingOf(some)
  const useful = missingOf(others).filter((name) => !needed.includes(name))
  if (needed.length + useful.length === 0) return
  const canInstall = process.getuid?.() === 0 && found('apt-get')
  if (!canInstall && needed.length > 0) {
    console.error(`strongroom: the tests need ${needed.join(' and ')}: install it, then run npm test again`)
    process.exit(1)
  }
  if (!canInstall) return
  console.error(`strongroom: installing ${[...needed, ...useful].join(', ')} with apt-get`)
  const quiet = { stdio: ['ignore', 'ignore', 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  const install = ['install', '-q', '-y', '--no-install-recommends']
  run('apt-get', ['update', '-q'], quiet)
  if (needed.length > 0) must('apt-get', [...install, ...needed], quiet)
  if (useful.length > 0) run('apt-get', [...install, ...useful], quiet)
}

/** Checks types and style, then runs the test files of this kind, or the named ones. */
function test(kind, files) {
  if (!existsSync(addOn)) compileAddOn(must)
  must(node, ['node_modules/typescript/bin/tsc'])
  for (const part of ['src/console/browser', 'test/console/browser'])
    must(node, ['node_modules/typescript/bin/tsc', '-p', part])
  must(node, ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'])
  process.exit(run(node, ['scripts/suite.mjs', kind, ...files]))
}

/** Unpacks the FIPS module from Debian's package once, without running anything of it. Returns its path. */
function fipsModule() {
  const folder = join(root, 'node_modules/.clients/fips')
  const file = `usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/ossl-modules/fips.so`
  if (existsSync(join(folder, file))) return join(folder, file)
  const debian = join(folder, 'debian.tar')
  mkdirSync(folder, { recursive: true })
  must('mmdebstrap', ['--quiet', '--variant=extract', '--include=openssl-provider-fips', 'trixie', debian])
  must('tar', ['-xf', debian, '-C', folder, `./${file}`])
  rmSync(debian)
  return join(folder, file)
}

const verbs = {
  start(args) {
    const server = spawn(join(root, 'bin/strongroom'), ['serve', ...args], { cwd: root, stdio: 'inherit' })
    // The server decides when it has stopped: this process forwards signals, and waits for its end.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'])
      process.on(signal, () => server.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal))
    server.on('exit', (code, signal) => process.exit(code ?? (signal ? 128 : 1)))
  },
  test: (args) => test('usual', args),
  'test:quick': (args) => test('quick', args),
  'test:nightly': (args) => test('nightly', args),
  'test:failures': (args) => test('failures', args),
  'test:packages': (args) => test('packages', args),
  'test:coverage': (args) => test('coverage', args),
  /** Tests FIPS mode with the FIPS module that the variable names, or else with Debian 13's. */
  'test:fips'(args) {
    const STRONGROOM_TEST_FIPS_MODULE = process.env.STRONGROOM_TEST_FIPS_MODULE ?? fipsModule()
    const env = { ...process.env, STRONGROOM_TEST_FIPS_MODULE }
    process.exit(run(node, ['scripts/suite.mjs', 'fips', ...args], { env }))
  },
  /** Runs simulations until a signal, or until one fails. */
  'test:simulation'(args) {
    const runs = spawn(node, ['test/simulation/forever.ts', ...args], { cwd: root, stdio: 'inherit' })
    for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => runs.kill(signal))
    runs.on('exit', (code, signal) => process.exit(code ?? (signal ? 128 : 1)))
  },
  /** Tests clients in other languages. A named language must be installed; without names, the report lists the missing ones. */
  'test:clients'(args) {
    const folder = join(root, 'node_modules/.clients')
    for (const program of ['github.com/versity/versitygw/cmd/versitygw@v1.8.0', 'helm.sh/helm/v4/cmd/helm@v4.3.1'])
      if (found('go') && !existsSync(join(folder, program.replace(/^.*\/(.*)@.*$/, '$1'))))
        must('go', ['install', program], { env: { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod' } })
    const env = { ...process.env, STRONGROOM_TEST_CLIENTS: args.join() }
    process.exit(run(node, ['scripts/suite.mjs', 'clients'], { env }))
  },
  /** Prints the known vulnerabilities of the packages in production, or that no registry could be reached. */
  advisories() {
    const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { cwd: root, encoding: 'utf8' })
    if (!isReport(stdout)) console.error('strongroom: no registry with advisories can be reached: nothing was checked')
    else process.exit(run('npm', ['audit', '--omit=dev', '--audit=true']))
  },
  /** Builds the console if its sources changed. */
  console() {
    const failure = buildConsole()
    if (failure === null) return
    console.error(`strongroom: ${failure}`)
    process.exit(1)
  },
  /** Writes pictures of all pages of the console, in both languages and themes, to a folder. */
  screenshots(args) {
    process.exit(run(node, ['test/console/browser/screenshots.ts', ...args]))
  },
  /** Makes the npm package. */
  package(args) {
    process.exit(run(process.execPath, ['scripts/package.mjs', ...args]))
  },
  /** Makes the Debian package. */
  'package:deb'(args) {
    process.exit(run(node, ['scripts/deb.mjs', ...args]))
  },
  /** Makes the container image. */
  'package:image'(args) {
    process.exit(run(node, ['scripts/image.mjs', ...args]))
  },
  bench(args) {
    process.exit(run(node, ['bench/main.ts', ...args]))
  },
}

function isReport(json) {
  try {
    return JSON.parse(json).auditReportVersion !== undefined
  } catch {
    return false
  }
}

const [verb, ...args] = process.argv.slice(2)
if (['test', 'test:nightly', 'test:failures', 'test:coverage', 'test:clients', 'screenshots'].includes(verb))
  installPrograms(programs, optional)
if (verb === 'test:packages') installPrograms([], packaging)
if (verb === 'test:fips') installPrograms(programs, packaging)
if (verb !== 'advisories') install(verb !== 'start' || !consoleIsBuilt())
if (verb === 'start') {
  // A fresh installation also removes an earlier build.
  if (!consoleIsBuilt()) install(true)
  // The API starts even if the console can't be built.
  const failure = buildConsole()
  if (failure !== null) console.error(`strongroom: starting without the console: ${failure}`)
}
verbs[verb](args)
