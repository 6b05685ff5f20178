// Runs `npm start`, `npm test`, `npm run bench` and others on any Node from 20 on: installs what is missing, then starts the pinned runtime.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildConsole, consoleIsBuilt } from './console.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** The runtime: npm links the one package of it that fits this machine, whose hash package-lock.json pins. */
const node = join(root, 'node_modules/.bin/node')

function run(command, args, options = {}) {
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options })
  if (error) console.error(`${command}: ${error.message}`)
  return status ?? (signal ? 128 : 1)
}

/** Runs a step that must succeed. */
function must(command, args, options) {
  const status = run(command, args, options)
  if (status !== 0) process.exit(status)
}

/**
 * Installs the packages of package-lock.json, checks their hashes, and runs no script of any package. `npm ci` removes node_modules first,
 * also under a server that runs. So it runs only where nothing is installed, or another lock is: then the server has to start again anyway.
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
  // The add-on for HSMs is compiled here. Without a compiler everything else works, and a server that is to use an HSM says what is missing.
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

/** Where the system has Node's headers, the add-on compiles with them, without network: it uses Node-API, which all versions share. */
function headers() {
  return existsSync('/usr/include/node/node_api.h') ? { npm_config_nodedir: '/usr' } : {}
}

/** The programs that tests run beside npm packages, and the Debian package of each. */
const programs = [
  // What the add-on for HSMs is compiled with, and a library that tests put before a token.
  { package: 'build-essential', found: () => found('cc') && found('c++') && found('make') },
  { package: 'python3', found: () => found('python3') },
  { package: 'postgresql', found: () => found('initdb') || found('/usr/lib/postgresql/*/bin/initdb') },
  { package: 'openssl', found: () => found('openssl') },
  { package: 'faketime', found: () => found('/usr/lib/*/faketime/libfaketimeMT.so.1') },
  // Two independent PKCS #11 tokens, and a tool that looks into them.
  { package: 'softhsm2', found: () => found('softhsm2-util') },
  { package: 'libnss3', found: () => found('/usr/lib/*/libsoftokn3.so') },
  { package: 'libnss3-tools', found: () => found('certutil') },
  { package: 'opensc', found: () => found('pkcs11-tool') },
  // The browser that tests use the console with.
  { package: 'chromium', found: () => found('chromium') },
]

/** What single tests need: the deployments of test/failures/, stock age, shells. Without it all other tests run, and the report names those that do not. */
const optional = [
  { package: 'patroni', found: () => found('patroni') },
  { package: 'etcd-server', found: () => found('etcd') },
  { package: 'haproxy', found: () => found('haproxy') },
  { package: 'iproute2', found: () => found('tc') },
  { package: 'nftables', found: () => found('nft') },
  { package: 'stress-ng', found: () => found('stress-ng') },
  // The shells that the command line completes for, beside bash.
  { package: 'zsh', found: () => found('zsh') },
  { package: 'fish', found: () => found('fish') },
  { package: 'age', found: () => found('age') },
]

/** What makes and tries packages. Their tests say what is missing. */
const packaging = [
  { package: 'mmdebstrap', found: () => found('mmdebstrap') },
  { package: 'systemd', found: () => found('systemd-analyze') },
  { package: 'buildah', found: () => found('buildah') },
  { package: 'podman', found: () => found('podman') },
  { package: 'runc', found: () => found('runc') },
  // Networks of podman in which containers find each other by name.
  { package: 'netavark', found: () => found('/usr/lib/podman/netavark') },
  { package: 'aardvark-dns', found: () => found('/usr/lib/podman/aardvark-dns') },
  { package: 'iptables', found: () => found('iptables') || found('/usr/sbin/iptables') },
  // The processor of the other image.
  { package: 'qemu-user-static', found: () => found('qemu-aarch64-static') },
  { package: 'python3-venv', found: () => spawnSync('python3', ['-c', 'import ensurepip']).status === 0 },
]

function found(program) {
  return spawnSync('sh', ['-c', `command -v ${program} || ls ${program}`]).status === 0
}

/** Installs what is missing of what tests need, and of what is useful to them. */
function installPrograms(some, others) {
  const missingOf = (all) => all.filter((program) => !program.found()).map((program) => program.package)
  const [needed, useful] = [missingOf(some), missingOf(others)]
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

/** Checks types and style, then runs the test files of this kind, or those that are named. */
function test(kind, files) {
  if (!existsSync(addOn)) compileAddOn(must)
  must(node, ['node_modules/typescript/bin/tsc'])
  for (const part of ['src/console/browser', 'test/console/browser'])
    must(node, ['node_modules/typescript/bin/tsc', '-p', part])
  must(node, ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'])
  process.exit(run(node, ['scripts/suite.mjs', kind, ...files]))
}

/** Takes the module out of Debian's package, which runs nothing of it, once. Returns its path. */
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
    // The server stops in its own time: this process passes the signals on and waits for its end.
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
  /** Tests FIPS mode on a module of OpenSSL's FIPS provider: the one that the variable names, else the one of Debian 13. */
  'test:fips'(args) {
    const STRONGROOM_TEST_FIPS_MODULE = process.env.STRONGROOM_TEST_FIPS_MODULE ?? fipsModule()
    const env = { ...process.env, STRONGROOM_TEST_FIPS_MODULE }
    process.exit(run(node, ['scripts/suite.mjs', 'fips', ...args], { env }))
  },
  /** Runs one simulation after the other, until a signal stops them or one fails. */
  'test:simulation'(args) {
    const runs = spawn(node, ['test/simulation/forever.ts', ...args], { cwd: root, stdio: 'inherit' })
    for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => runs.kill(signal))
    runs.on('exit', (code, signal) => process.exit(code ?? (signal ? 128 : 1)))
  },
  /** Tests clients in other languages. The machine must have each language that is named; where none is named, the report names those it lacks. */
  'test:clients'(args) {
    const folder = join(root, 'node_modules/.clients')
    for (const program of ['github.com/versity/versitygw/cmd/versitygw@v1.8.0', 'helm.sh/helm/v4/cmd/helm@v4.3.1'])
      if (found('go') && !existsSync(join(folder, program.replace(/^.*\/(.*)@.*$/, '$1'))))
        must('go', ['install', program], { env: { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod' } })
    const env = { ...process.env, STRONGROOM_TEST_CLIENTS: args.join() }
    process.exit(run(node, ['scripts/suite.mjs', 'clients'], { env }))
  },
  /** Prints the known weaknesses of the packages that run in production, or that no registry could be asked. */
  advisories() {
    const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { cwd: root, encoding: 'utf8' })
    if (!isReport(stdout)) console.error('strongroom: no registry with advisories can be reached: nothing was checked')
    else process.exit(run('npm', ['audit', '--omit=dev', '--audit=true']))
  },
  /** Builds the console, when something changed. */
  console() {
    const failure = buildConsole()
    if (failure === null) return
    console.error(`strongroom: ${failure}`)
    process.exit(1)
  },
  /** Pictures of all pages of the console, in both languages and themes, in a folder. */
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
  // A fresh installation removes an earlier build, too.
  if (!consoleIsBuilt()) install(true)
  // The API does not wait for a console that can't be built.
  const failure = buildConsole()
  if (failure !== null) console.error(`strongroom: starting without the console: ${failure}`)
}
verbs[verb](args)
