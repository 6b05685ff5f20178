// Builds the browser application of the console, once for what it is made of. The server serves the folder that `current` names.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const sources = join(root, 'src/console/browser')
const cache = join(root, 'node_modules/.cache/console')
const vite = join(root, 'node_modules/vite/bin/vite.js')
/** How many builds are kept: a server that runs still serves an earlier one. */
const KEPT = 3

/** Says whether the console is built from the sources as they are. */
export function consoleIsBuilt() {
  return existsSync(join(builtConsole(), 'index.html'))
}

/** The folder of the build of the sources as they are, whether it is there or not. */
export function builtConsole() {
  return join(cache, hash())
}

/** Builds what is not built yet. Returns what went wrong, null for nothing. */
export function buildConsole() {
  try {
    return build()
  } catch (error) {
    return error.message
  }
}

function build() {
  mkdirSync(cache, { recursive: true })
  const made = hash()
  const folder = join(cache, made)
  if (!existsSync(join(folder, 'index.html'))) {
    if (!existsSync(vite)) return 'the packages that build it are not installed (npm ci)'
    console.error('strongroom: building the console (once)')
    const [began, out] = [Date.now(), `${folder}.${process.pid}`]
    const node = join(root, 'node_modules/.bin/node')
    const config = ['--config', join(sources, 'vite.config.ts')]
    // The cache of Vite's configuration belongs into node_modules: the sources may not be writable.
    const built = spawnSync(node, [vite, 'build', sources, ...config, '--configLoader', 'native', '--outDir', out], {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, NODE_ENV: 'production' },
    })
    if (built.status !== 0) {
      rmSync(out, { recursive: true, force: true })
      return `${built.stdout}${built.stderr}`.trim() || String(built.error)
    }
    try {
      renameSync(out, folder)
    } catch {
      // Another process was faster.
      rmSync(out, { recursive: true, force: true })
    }
    console.error(`strongroom: the console is built (${((Date.now() - began) / 1000).toFixed(1)} s)`)
  }
  point(made)
  return null
}

/** Makes a build the one that servers serve, and removes builds of long ago. */
function point(made) {
  const current = join(cache, 'current')
  if (!existsSync(current) || readFileSync(current, 'utf8') !== made) {
    const next = `${current}.${process.pid}`
    writeFileSync(next, made)
    renameSync(next, current)
  }
  const age = (name) => statSync(join(cache, name)).mtimeMs
  const builds = readdirSync(cache).filter((name) => /^[0-9a-f]{32}$/.test(name) && name !== made)
  for (const name of builds.sort((one, other) => age(other) - age(one)).slice(KEPT - 1))
    rmSync(join(cache, name), { recursive: true, force: true })
}

/** What the application is made of: its sources, and the packages that the lock pins. */
function hash() {
  const sum = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  for (const path of filesOf(sources)) sum.update(`\0${relative(sources, path)}\0`).update(readFileSync(path))
  return sum.digest('hex').slice(0, 32)
}

function filesOf(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesOf(join(folder, entry.name)) : [join(folder, entry.name)]))
}
