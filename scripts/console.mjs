// Builds the browser application of the console, once for each state of its sources. The server serves the folder that `current` names.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const sources = join(root, 'src/console/browser')
const cache = join(root, 'node_modules/.cache/console')
const vite = join(root, 'node_modules/vite/bin/vite.js')
/** The number of builds to keep: a running server may still serve an earlier one. */
const KEPT = 3

/** Whether the console is built from the present sources. */
export function consoleIsBuilt() {
  return existsSync(join(builtConsole(), 'index.html'))
}

/** The folder for the build of the present sources. It need not exist. */
export function builtConsole() {
  return join(cache, hash())
}

/** Builds the console unless it is built. Returns the error, or null. */
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
    // Vite's cache belongs into node_modules, because the sources may be read-only.
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
      // Another process built the same sources first.
      rmSync(out, { recursive: true, force: true })
    }
    console.error(`strongroom: the console is built (${((Date.now() - began) / 1000).toFixed(1)} s)`)
  }
  point(made)
  return null
}

/** Makes servers serve this build, and removes old builds. */
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

/** A hash of the application's sources, and of the lock file, which pins its packages. */
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
