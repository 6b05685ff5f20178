// Makes the container image as an archive for `podman load` and `docker load`, on Debian, without a registry of images.
//
//   node scripts/image.mjs [FOLDER] [--arch amd64|arm64]   makes strongroom_VERSION_ARCH.tar in the folder (this one), and prints path and digest
//   node scripts/image.mjs --files FOLDER                  makes what deploy/container/Containerfile copies
//
// The image contains C libraries, certificates and time zones of Debian, the runtime, and the output of scripts/package.mjs; no shell, no
// package manager. The same commit gives the same digest, as long as Debian's packages are the same.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { timeOfCommit } from './deb.mjs'
import { makeInstalled } from './package.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const CONTAINER = join(root, 'deploy/container')
const SUITE = 'bookworm'
const PACKAGES = ['base-files', 'ca-certificates', 'libatomic1', 'libc6', 'libgcc-s1', 'libstdc++6', 'tzdata']
/** For Debian's name of each architecture: Node's name, and the folder of its libraries. */
const ARCHITECTURES = {
  amd64: { cpu: 'x64', libraries: 'x86_64-linux-gnu' },
  arm64: { cpu: 'arm64', libraries: 'aarch64-linux-gnu' },
}

/** Makes the archive in the folder. Returns its path, and the digest of the image. */
export function makeImage(folder, { arch = ownArchitecture(), installed } = {}) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const work = mkdtempSync(join(tmpdir(), 'strongroom-image-'))
  try {
    const files = join(work, 'files')
    makeFiles(files, { arch, installed })
    const [, last] = readFileSync(join(CONTAINER, 'Containerfile'), 'utf8').split(/^(?=FROM scratch$)/m)
    writeFileSync(
      join(work, 'Containerfile'),
      last.replace('--from=build /image/', '').replace('--from=build', '').replace('/image/', ''),
    )
    const buildah = (...args) =>
      execFileSync(
        'buildah',
        ['--root', join(work, 'storage'), '--runroot', join(work, 'run'), '--storage-driver', 'vfs', ...args],
        {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      )
    const name = `localhost/strongroom:${version}`
    const labels = ['--label', `org.opencontainers.image.version=${version}`, '--label', 'io.buildah.version=']
    const how = [
      '--isolation',
      'chroot',
      // Docker's format contains the name of the build's container, which differs each time.
      '--format',
      'oci',
      '--timestamp',
      timeOfCommit(),
      '--arch',
      arch,
      '--os',
      'linux',
    ]
    buildah('build', ...how, ...labels, '--file', join(work, 'Containerfile'), '--tag', name, files)
    const digest = buildah('inspect', '--type', 'image', '--format', '{{.FromImageID}}', name).trim()
    const path = join(resolve(folder), `strongroom_${version}_${arch}.tar`)
    rmSync(path, { force: true })
    buildah('push', name, `docker-archive:${path}:${name}`)
    return { path, digest: `sha256:${digest}` }
  } finally {
    rmSync(work, { recursive: true })
  }
}

/** Makes system/ and data/ of the image in the folder. `installed`: the output of makeInstalled, if it exists already. */
export function makeFiles(folder, { arch = ownArchitecture(), installed } = {}) {
  const { cpu, libraries } = ARCHITECTURES[arch]
  const image = join(folder, 'system')
  // A copy keeps the modes of a folder's contents, but not of the folder itself.
  mkdirSync(join(folder, 'data'), { recursive: true })
  mkdirSync(join(folder, 'data/strongroom'), { mode: 0o700 })
  mkdirSync(join(image, 'var/lib'), { recursive: true })
  takeDebian(image, arch, libraries)
  const program = join(image, 'usr/lib/strongroom')
  if (installed === undefined) makeInstalled(program, cpu)
  else cpSync(installed, program, { recursive: true })
  // The launcher needs a shell, which the image lacks.
  rmSync(join(program, 'bin'), { recursive: true })
  mkdirSync(join(image, 'usr/bin'), { recursive: true })
  for (const file of ['strongroom', 'healthcheck']) {
    cpSync(join(CONTAINER, file), join(image, 'usr/bin', file))
    chmodSync(join(image, 'usr/bin', file), 0o755)
  }
  symlinkSync(`../lib/strongroom/node_modules/node-linux-${cpu}/bin/node`, join(image, 'usr/bin/node'))
  const etc = {
    passwd: 'root:x:0:0::/:/nonexistent\nstrongroom:x:65532:65532::/var/lib/strongroom:/nonexistent\n',
    group: 'root:x:0:\nstrongroom:x:65532:\n',
    'nsswitch.conf': 'hosts: files dns\n',
    'strongroom/strongroom.json': readFileSync(join(CONTAINER, 'strongroom.json')),
  }
  for (const [path, content] of Object.entries(etc)) {
    mkdirSync(dirname(join(image, 'etc', path)), { recursive: true })
    writeFileSync(join(image, 'etc', path), content)
  }
  execFileSync('chmod', ['-R', 'u=rwX,go=rX', image])
  mkdirSync(join(image, 'tmp'))
  chmodSync(join(image, 'tmp'), 0o1777)
}

/** Unpacks the runtime's Debian packages into the folder. It runs none of their programs, so it works for any architecture. */
function takeDebian(image, arch, libraries) {
  const work = mkdtempSync(join(tmpdir(), 'strongroom-debian-'))
  try {
    const all = join(work, 'all.tar')
    const args = ['--variant=extract', `--architectures=${arch}`, `--include=${PACKAGES.join()}`, SUITE, all]
    execFileSync('mmdebstrap', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    const kept = [
      './lib64',
      `./lib/ld-linux-*`,
      `./lib/${libraries}/*.so*`,
      ...['atomic', 'gcc_s', 'stdc++'].map((name) => `./usr/lib/${libraries}/lib${name}.so*`),
      './usr/lib/os-release',
      './usr/share/ca-certificates/*',
      './usr/share/zoneinfo/*',
      ...['ca-certificates', 'gcc-12-base', 'libc6', 'tzdata'].map((name) => `./usr/share/doc/${name}/copyright`),
    ]
    const present = execFileSync('tar', ['-tf', all], { encoding: 'utf8' })
    const wanted = kept.filter((name) => present.includes(`\n${name.replace(/\*.*$/, '')}`))
    execFileSync('tar', ['-xf', all, '-C', image, '--wildcards', '--no-same-owner', ...wanted])
  } finally {
    rmSync(work, { recursive: true })
  }
  // As update-ca-certificates does.
  const authorities = join(image, 'usr/share/ca-certificates/mozilla')
  const bundle = readdirSync(authorities)
    .sort()
    .map((name) => readFileSync(join(authorities, name), 'utf8').trimEnd())
  mkdirSync(join(image, 'etc/ssl/certs'), { recursive: true })
  writeFileSync(join(image, 'etc/ssl/certs/ca-certificates.crt'), `${bundle.join('\n')}\n`)
  rmSync(join(image, 'usr/share/ca-certificates'), { recursive: true })
  symlinkSync('../usr/lib/os-release', join(image, 'etc/os-release'))
}

function ownArchitecture() {
  return Object.keys(ARCHITECTURES).find((name) => ARCHITECTURES[name].cpu === process.arch)
}

function main() {
  const options = { arch: { type: 'string' }, files: { type: 'string' } }
  const { values, positionals } = parseArgs({ options, allowPositionals: true })
  if (values.arch !== undefined && !(values.arch in ARCHITECTURES)) throw new Error('`--arch` is amd64 or arm64')
  if (values.files !== undefined) makeFiles(resolve(values.files), values)
  else console.log(Object.values(makeImage(positionals[0] ?? '.', values)).join('\n'))
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    main()
  } catch (error) {
    console.error(`strongroom: ${error.stderr ?? error.message}`)
    process.exitCode = 1
  }
}
