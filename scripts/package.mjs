// Makes the npm package, on any Node from version 20 on. It needs the packages of package-lock.json (`npm run package` installs them).
//
//   node scripts/package.mjs [FOLDER]           packs strongroom-VERSION.tgz into the folder (this one), and prints its path
//   node scripts/package.mjs --tree FOLDER      makes what the tarball holds in a folder, which must be empty or not there yet
//   node scripts/package.mjs --installed FOLDER makes it with what npm adds on this machine, so that its bin/strongroom runs
//
//   bin/strongroom       the launcher: finds the runtime, an npm package, in node_modules here or further up
//   bin/age-plugin-…     what stock age runs
//   dist/                src/, compiled, with source maps that contain the sources
//   console/             the built console
//   docs/, *.md          what the server serves under /docs/
//   conformance/         the cases of `strongroom conformance`
//   node_modules/        the packages that run in production; with --installed also the runtime, and the add-on for HSMs if it is compiled
//   package.json, LICENSE
//
// The same commit makes the same files, and the same tarball with the same npm.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildConsole, builtConsole } from './console.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const PROGRAMS = ['bin/strongroom', 'bin/age-plugin-strongroom']
const PAGES = ['README', 'ARCHITECTURE', 'CHANGELOG', 'CODE_OF_CONDUCT', 'CONTRIBUTING', 'SECURITY']
/** The members of package.json that the package keeps unchanged. */
const KEPT = [
  'name',
  'version',
  'description',
  'license',
  'type',
  'bin',
  'engines',
  'dependencies',
  'optionalDependencies',
]

/** Files that no server uses: types, maps, pages, settings of tools, and these folders of a package. Licences stay. */
const UNUSED_FILE = /^\.|\.(map|[cm]?ts|html)$|^(?!.*(licen[cs]e|notice|copying)).*\.md$/i
const UNUSED_FOLDERS = [
  ...['.github', 'bench', 'benchmark', 'benchmarks', 'coverage', 'docs', 'example', 'examples', 'man', 'specs'],
  ...['test', 'tests'],
]

/** Makes the tree of the package in the folder. Throws on failure. */
export function makeTree(folder) {
  mkdirSync(folder, { recursive: true })
  if (readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`)
  compile(folder)
  const failure = buildConsole()
  if (failure !== null) throw new Error(failure)
  cpSync(builtConsole(), join(folder, 'console'), { recursive: true })
  for (const path of ['LICENSE', ...PROGRAMS, ...PAGES.map((page) => `${page}.md`), ...documents()])
    cpSync(join(root, path), join(folder, path))
  cpSync(join(root, 'conformance'), join(folder, 'conformance'), { recursive: true })
  for (const [path] of production().filter(([, { optional }]) => !optional))
    cpSync(join(root, path), join(folder, path), {
      recursive: true,
      filter: (file) => isUsed(relative(join(root, path), file)),
    })
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(packageManifest(), null, 2)}\n`)
  for (const path of everythingIn(folder)) {
    const isOpen = statSync(path).isDirectory() || PROGRAMS.includes(relative(folder, path))
    chmodSync(path, isOpen ? 0o755 : 0o644)
  }
}

/** Makes the tree in the folder, and adds what npm would install on this machine, or on Linux with another processor. Throws on failure. */
export function makeInstalled(folder, cpu = process.arch) {
  makeTree(folder)
  if (cpu === process.arch) return copyOptional(root, folder)
  const other = mkdtempSync(join(tmpdir(), 'strongroom-runtime-'))
  try {
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(root, file), join(other, file))
    const args = ['ci', '--omit=dev', '--ignore-scripts', '--os=linux', `--cpu=${cpu}`, '--no-audit', '--no-fund']
    const { status, stderr } = spawnSync('npm', args, { cwd: other, encoding: 'utf8' })
    if (status !== 0) throw new Error(`npm ci: ${stderr}`)
    copyOptional(other, folder)
  } finally {
    rmSync(other, { recursive: true })
  }
}

/** Copies the runtime, and the add-on if it is compiled. */
function copyOptional(from, folder) {
  for (const [path] of production().filter(([, { optional }]) => optional)) {
    const parts = ['bin/node', 'build/Release/pkcs11.node'].filter((part) => existsSync(join(from, path, part)))
    if (parts.length === 0) continue
    for (const part of [...parts, 'package.json', 'LICENSE', 'index.js'].filter((file) =>
      existsSync(join(from, path, file)),
    ))
      cpSync(join(from, path, part), join(folder, path, part))
  }
}

/** Packs the tarball into the folder; returns its path. */
export function pack(folder) {
  const tree = mkdtempSync(join(tmpdir(), 'strongroom-package-'))
  try {
    makeTree(tree)
    const args = ['pack', tree, '--ignore-scripts', '--json', '--pack-destination', resolve(folder)]
    const { status, stdout, stderr } = spawnSync('npm', args, { cwd: tree, encoding: 'utf8' })
    if (status !== 0) throw new Error(`npm pack: ${stderr}`)
    const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(stdout)
    const kilobytes = (bytes) => `${Math.round(bytes / 1000).toLocaleString('en')} kB`
    console.error(`${filename}: ${kilobytes(size)}, unpacked ${kilobytes(unpackedSize)} in ${entryCount} files`)
    return join(folder, filename)
  } finally {
    rmSync(tree, { recursive: true })
  }
}

/** Compiles src/ to dist/. */
function compile(folder) {
  const out = join(folder, 'compiled')
  // The types of the public module, beside it.
  for (const project of ['tsconfig.package.json', 'tsconfig.package-types.json']) {
    const tsc = [join(root, 'node_modules/typescript/bin/tsc'), '-p', project, '--outDir', out]
    const { status, stdout } = spawnSync(process.execPath, tsc, { cwd: root, encoding: 'utf8' })
    if (status !== 0) throw new Error(`tsc: ${stdout}`)
  }
  renameSync(join(out, 'src'), join(folder, 'dist'))
  rmSync(out, { recursive: true })
  // Source maps name the sources as if they were beside dist/, wherever dist/ was compiled.
  for (const path of everythingIn(join(folder, 'dist')).filter((file) => file.endsWith('.js.map'))) {
    const map = JSON.parse(readFileSync(path, 'utf8'))
    const source = relative(join(folder, 'dist'), path).replace(/\.js\.map$/, '.ts')
    map.sources = [relative(dirname(path), join(folder, 'src', source))]
    writeFileSync(path, JSON.stringify(map))
  }
}

function documents() {
  const files = readdirSync(join(root, 'docs'), { recursive: true })
  return files.filter((file) => file.endsWith('.md')).map((file) => join('docs', file))
}

/** The packages of package-lock.json that run in production, by their paths. */
function production() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  return Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev)
}

/** Whether a file of a production package goes into ours. Nested packages are listed on their own. */
function isUsed(path) {
  const [first] = path.split('/')
  return first !== 'node_modules' && !UNUSED_FOLDERS.includes(first) && !UNUSED_FILE.test(basename(path))
}

function packageManifest() {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const kept = Object.fromEntries(KEPT.map((name) => [name, manifest[name]]))
  const bundleDependencies = Object.keys(manifest.dependencies)
  const exports = Object.entries(manifest.exports).map(([name, path]) => [name, compiled(path)])
  return {
    ...kept,
    exports: Object.fromEntries(exports),
    bundleDependencies,
    os: ['darwin', 'linux'],
    cpu: ['arm64', 'x64'],
  }
}

/** The compiled module that a package exports in place of a source. */
function compiled(path) {
  const [, name] = /^\.\/src\/(.+)\.ts$/.exec(path) ?? []
  return name === undefined ? path : { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` }
}

function everythingIn(folder) {
  return readdirSync(folder, { recursive: true }).map((path) => join(folder, path))
}

function main([first = '.', ...rest]) {
  const make = { '--tree': makeTree, '--installed': makeInstalled }[first]
  if (make === undefined) console.log(pack(first))
  else if (rest.length === 1) make(resolve(rest[0]))
  else throw new Error(`name one folder: ${first} FOLDER`)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    main(process.argv.slice(2))
  } catch (error) {
    console.error(`strongroom: ${error.message}`)
    process.exitCode = 1
  }
}
