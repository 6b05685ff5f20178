// Takes a renewed certificate from its files while the server runs. Looks at the content every few seconds: this notices files that are
// renamed, rewritten, or behind a symbolic link that is switched, on every file system.
import { X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { isoSeconds } from '../api/time.ts'
import type { ServerCertificate, Tls } from '../gateway/server-certificate.ts'
import type { Runtime } from '../runtime/runtime.ts'
import type { Settings } from '../settings/settings.ts'
import type { Log } from './log.ts'
import { usablePair } from './ports.ts'
import { type Loop, repeat } from './repeat.ts'

const LOOK_MS = 2000
/** How many looks in a row must find unusable files before the log says so: certificate and key are replaced one after the other. */
const UNUSABLE_LOOKS = 3

/** Follows the files of `tls-cert` and `tls-key` until the loop stops. Without `log` it is silent. */
export async function renewCertificate(
  certificate: ServerCertificate | null,
  { tls }: Pick<Settings, 'tls'>,
  log: Pick<Log, 'info' | 'warn'> | null,
  loop: Loop,
): Promise<void> {
  if (!certificate || !tls || !('cert' in tls)) return
  const renewal = new CertificateRenewal(certificate, tls, log, loop.runtime)
  await repeat(LOOK_MS, loop, () => renewal.look(), 'the renewed certificate could not be used')
}

export class CertificateRenewal {
  readonly #certificate: ServerCertificate
  readonly #files: Tls
  readonly #log: Pick<Log, 'info' | 'warn'> | null
  readonly #runtime: Pick<Runtime, 'now'>
  #unusable = 0

  /** `files` contains the paths. */
  constructor(
    certificate: ServerCertificate,
    files: Tls,
    log: Pick<Log, 'info' | 'warn'> | null,
    runtime: Pick<Runtime, 'now'>,
  ) {
    this.#certificate = certificate
    this.#files = files
    this.#log = log
    this.#runtime = runtime
  }

  /** Takes the files if they have changed and can be used. If not, the server keeps what it has, and the next look tries again. */
  async look(): Promise<void> {
    const { cert: file, key: keyFile } = this.#files
    let found: Tls
    try {
      found = await this.#read()
      this.#unusable = 0
    } catch (error) {
      this.#unusable++
      if (this.#unusable === UNUSABLE_LOOKS)
        this.#log?.warn(
          { file, keyFile, reason: (error as Error).message },
          'the files of `tls-cert` and `tls-key` can not be used: the server keeps the certificate that it has, and tries again',
        )
      return
    }
    if (this.#serves(found)) return
    this.#certificate.replace(found)
    const { subjectAltName, serialNumber, validToDate } = new X509Certificate(found.cert)
    this.#log?.info(
      { file, names: subjectAltName, serialNumber, validUntil: isoSeconds(validToDate.getTime()) },
      'new connections get the renewed certificate',
    )
  }

  /** Throws an error that says what is wrong with the files. */
  async #read(): Promise<Tls> {
    const found = { cert: await contentOf(this.#files.cert), key: await contentOf(this.#files.key) }
    if (this.#serves(found)) return found
    usablePair(this.#files, found)
    const { validFromDate, validToDate } = new X509Certificate(found.cert)
    const now = this.#runtime.now()
    if (validToDate.getTime() <= now) throw new Error(`the certificate expired at ${isoSeconds(validToDate.getTime())}`)
    if (validFromDate.getTime() > now)
      throw new Error(`the certificate is not valid before ${isoSeconds(validFromDate.getTime())}`)
    return found
  }

  #serves({ cert, key }: Tls): boolean {
    const served = this.#certificate.tls
    return cert === served.cert && key === served.key
  }
}

async function contentOf(path: string): Promise<string> {
  // Reading a pipe could wait forever.
  if (!(await stat(path)).isFile()) throw new Error(`\`${path}\` is no regular file`)
  return readFile(path, 'utf8')
}
