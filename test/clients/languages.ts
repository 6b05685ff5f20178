// How the programs of docs/clients.md are built and run in each language: their packages at pinned versions, by the language's own tools.
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The generations of clients: from before and after 2020. */
export type Generation = 'core' | 'tea'

export interface Language {
  readonly name: string
  /** How the page marks its blocks. */
  readonly fence: string
  /** The programs that it takes. */
  readonly needs: readonly string[]
  /** Fetches its packages, once for each version of their list. */
  prepare(): Promise<void>
  /** Runs a program of two blocks, of which the first connects, in a folder where the page's `data` is; returns what it printed. */
  run(folder: string, connect: string, use: string, isHttps: boolean): Promise<string>
}

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const installed = (name: string) => here(`../../node_modules/.clients/${name}`)

/** Runs a command to its end; returns its standard output, or throws all that it wrote. */
async function output(command: string, args: readonly string[], cwd: string, env: Record<string, string> = {}) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${out}${err}`)
  return out
}

/** Does the work unless it was done for this very list. */
async function once(name: string, list: string, work: (folder: string) => Promise<unknown>): Promise<void> {
  const folder = installed(name)
  const [stamp, text] = [join(folder, 'installed'), readFileSync(list, 'utf8')]
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === text) return
  mkdirSync(folder, { recursive: true })
  await work(folder)
  writeFileSync(stamp, text)
}

const python: Language = {
  name: 'Python',
  fence: 'python',
  needs: ['python3'],
  prepare: () =>
    once('python', here('python/requirements.txt'), async (folder) => {
      await output('python3', ['-m', 'venv', '--clear', folder], folder)
      await output(join(folder, 'bin/pip'), ['install', '--quiet', '-r', here('python/requirements.txt')], folder)
    }),
  run(folder, connect, use) {
    writeFileSync(join(folder, 'program.py'), `${connect}\n${use}`)
    return output(installed('python/bin/python'), ['program.py'], folder)
  },
}

const go: Language = {
  name: 'Go',
  fence: 'go',
  needs: ['go'],
  prepare: () => output('go', ['mod', 'download'], here('go')).then(() => {}),
  run(folder, connect, use) {
    for (const file of ['go.mod', 'go.sum']) copyFileSync(here(`go/${file}`), join(folder, file))
    writeFileSync(join(folder, 'connect.go'), connect)
    writeFileSync(join(folder, 'main.go'), use)
    return output('go', ['run', '.'], folder)
  },
}

const node: Language = {
  name: 'Node.js',
  fence: 'js',
  needs: [],
  prepare: async () => {},
  async run(folder, connect, use, isHttps) {
    // Packages are found from where the program lies: below this project's own.
    mkdirSync(installed('node'), { recursive: true })
    const program = join(installed('node'), `${process.pid}.mjs`)
    writeFileSync(program, `${connect}\n${use}`)
    const trust = isHttps && !connect.includes('data/tls/ca.pem')
    return output(process.execPath, [program], folder, trust ? { NODE_EXTRA_CA_CERTS: 'data/tls/ca.pem' } : {})
  },
}

const java: Language = {
  name: 'Java',
  fence: 'java',
  needs: ['mvn', 'javac', 'keytool'],
  prepare: () =>
    once('java', here('java/pom.xml'), (folder) =>
      output(
        'mvn',
        ['-B', '-q', '-f', here('java/pom.xml'), 'dependency:build-classpath', '-Dmdep.outputFile=classpath'].map(
          (one) => one.replace('=classpath', `=${join(folder, 'classpath')}`),
        ),
        folder,
      ),
    ),
  async run(folder, connect, use, isHttps) {
    writeFileSync(join(folder, 'Connect.java'), connect)
    writeFileSync(join(folder, 'Main.java'), use)
    const classpath = `${readFileSync(installed('java/classpath'), 'utf8')}${delimiter}.`
    await output('javac', ['-cp', classpath, 'Connect.java', 'Main.java'], folder)
    const trust = isHttps && !connect.includes('data/tls/ca.pem') ? await trustStore(folder) : []
    return output('java', [...trust, '-cp', classpath, 'Main'], folder)
  },
}

/** The page's own two lines: they make a trust store of `data/tls/ca.pem` in a folder, and say what starts a program with it. */
export async function trustStore(folder: string): Promise<string[]> {
  const page = readFileSync(here('../../docs/clients.md'), 'utf8')
  const [, make, start] = /^(keytool .*)\njava (-D.*) …$/m.exec(page) ?? []
  if (make === undefined || start === undefined) throw new Error('docs/clients.md tells no trust store')
  await output('sh', ['-c', make], folder)
  return start.split(' ')
}

export const LANGUAGES: readonly Language[] = [python, go, node, java]

/** The languages whose absence is a failure. */
const ASKED = (process.env['STRONGROOM_TEST_CLIENTS'] ?? '').split(',').filter((name) => name !== '')
for (const name of ASKED)
  if (!LANGUAGES.some(({ fence }) => fence === name))
    throw new Error(`no client in ${name} is tested: name ${LANGUAGES.map(({ fence }) => fence).join(', ')}`)

/** Why tests in the language are skipped here: what this machine lacks of it, unless the run asks for the language. */
export function reasonToSkip({ name, fence, needs }: Language): string | false {
  const lacks = needs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
  return lacks.length > 0 && !ASKED.includes(fence) && `${name} was not run: no ${lacks.join(', no ')} here`
}
