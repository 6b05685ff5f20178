// Makes the Debian package strongroom_VERSION_ARCH.deb, on Debian or Ubuntu, and prints its path.
//
//   node scripts/deb.mjs [FOLDER]
//
//   /usr/lib/strongroom    the output of scripts/package.mjs --installed
//   /usr/bin/strongroom    a link to its launcher; age-plugin-strongroom likewise
//   the unit, its user, the configuration, the manual page and the scripts of dpkg, from deploy/debian/
//
// The same commit, runtime and dpkg-deb give the same bytes.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { makeInstalled } from './package.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const DEBIAN = join(root, 'deploy/debian')
const ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' }

/** The installed path of each file in deploy/debian/. */
const FILES = {
  'strongroom.service': 'usr/lib/systemd/system/strongroom.service',
  'strongroom.sysusers': 'usr/lib/sysusers.d/strongroom.conf',
  'strongroom.json': 'etc/strongroom/strongroom.json',
  postinst: 'DEBIAN/postinst',
  prerm: 'DEBIAN/prerm',
  postrm: 'DEBIAN/postrm',
}

/**
 * Makes the package in the folder; returns its path. `version`: by default package.json's. `tree`: the output of makeInstalled, if it
 * exists already.
 */
export function makeDeb(folder, { version = manifest().version, tree } = {}) {
  const architecture = ARCHITECTURES[process.arch]
  const staging = mkdtempSync(join(tmpdir(), 'strongroom-deb-'))
  try {
    const installed = join(staging, 'usr/lib/strongroom')
    if (tree === undefined) makeInstalled(installed)
    else cpSync(tree, installed, { recursive: true })
    for (const [file, path] of Object.entries(FILES)) {
      mkdirSync(dirname(join(staging, path)), { recursive: true })
      cpSync(join(DEBIAN, file), join(staging, path))
    }
    mkdirSync(join(staging, 'usr/bin'))
    for (const program of ['strongroom', 'age-plugin-strongroom'])
      symlinkSync(`../lib/strongroom/bin/${program}`, join(staging, 'usr/bin', program))
    put(staging, 'usr/share/man/man1/strongroom.1.gz', gzipSync(readFileSync(join(DEBIAN, 'strongroom.1'))))
    put(staging, 'usr/share/doc/strongroom/copyright', copyright())
    put(staging, 'DEBIAN/conffiles', '/etc/strongroom/strongroom.json\n')
    put(staging, 'DEBIAN/control', control(version, architecture, kilobytes(staging)))
    execFileSync('chmod', ['-R', 'u=rwX,go=rX', staging])
    execFileSync('chmod', ['755', ...['postinst', 'prerm', 'postrm'].map((file) => join(staging, 'DEBIAN', file))])
    const path = join(resolve(folder), `strongroom_${version}_${architecture}.deb`)
    // dpkg-deb gives all files this time.
    const SOURCE_DATE_EPOCH = timeOfCommit()
    execFileSync('find', [staging, '-exec', 'touch', '-h', '-d', `@${SOURCE_DATE_EPOCH}`, '{}', '+'])
    const args = ['--root-owner-group', '-Zxz', '-z3', '--build', staging, path]
    execFileSync('dpkg-deb', args, { env: { ...process.env, SOURCE_DATE_EPOCH }, stdio: ['ignore', 'ignore', 2] })
    return path
  } finally {
    rmSync(staging, { recursive: true })
  }
}

/** The time of the checkout's commit, in seconds since 1970. */
export function timeOfCommit() {
  return execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).trim()
}

function put(staging, path, content) {
  mkdirSync(dirname(join(staging, path)), { recursive: true })
  writeFileSync(join(staging, path), content)
}

function control(version, architecture, size) {
  return `Package: strongroom
Version: ${version}
Architecture: ${architecture}
Maintainer: Strongroom maintainers <maintainers@localhost>
Installed-Size: ${size}
Depends: libc6 (>= 2.28), libstdc++6 (>= 9), libatomic1, systemd | systemd-standalone-sysusers
Recommends: ca-certificates
Suggests: postgresql
Section: net
Priority: optional
Description: key management service that speaks the Alibaba Cloud KMS API
 It keeps keys and secrets, encrypts, signs and records each call, for clients
 of the cloud's KMS, RAM, STS and ActionTrail. The package has its own runtime.
`
}

function copyright() {
  const licence = readFileSync(join(root, 'LICENSE'), 'utf8')
  return `Strongroom is under the Apache License 2.0, as follows. The packages that it runs on have their licences in
/usr/lib/strongroom/node_modules.

${licence}`
}

function kilobytes(folder) {
  return execFileSync('du', ['-sk', '--apparent-size', folder], { encoding: 'utf8' }).split('\t')[0]
}

function manifest() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) console.log(makeDeb(process.argv[2] ?? '.'))
