// The certificate of the server's settings, and the certificate that a server shows.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { Settings } from '../settings/settings.ts'
import { fileOf } from '../settings/sources.ts'
import { counted, type Finding, findingsOf } from './finding.ts'

const DAY_MS = 86_400_000
/** The same limit as the alert StrongroomCertificateExpires. */
const SOON_DAYS = 14

/** The validity of a certificate. `whose` names the certificate; `until` is milliseconds since 1970. */
export function checkExpiry(whose: string, until: number, now: number): Finding {
  const { ok, warning, error } = findingsOf('certificate')
  const day = new Date(until).toISOString().slice(0, 10)
  const days = Math.floor((until - now) / DAY_MS)
  const remedy = 'renew it: docs/operations.md, "Renew certificates"'
  if (until <= now) return error(`${whose} expired on ${day}`, remedy)
  if (days < SOON_DAYS) return warning(`${whose} expires on ${day}, in ${counted(days, 'day')}`, remedy)
  return ok(`${whose} is valid until ${day}`)
}

/** The certificate and key files of the settings. */
export function checkCertificateFiles({ tls, listen }: Settings, now: number, readFile: (path: string) => string) {
  const { error, warning, notMade } = findingsOf('certificate')
  if (!tls) return [notMade('the server is set to plain HTTP')]
  if (!('cert' in tls)) return [notMade('the server makes a certificate of its own at each start')]
  try {
    const certificate = new X509Certificate(fileOf('tls-cert', tls.cert, readFile))
    const found: Finding[] = [checkExpiry(`\`${tls.cert}\``, Date.parse(certificate.validTo), now)]
    if (!certificate.checkPrivateKey(createPrivateKey(fileOf('tls-key', tls.key, readFile))))
      found.push(
        error(`\`${tls.key}\` is not the key of \`${tls.cert}\``, 'set `tls-key` to the private key of `tls-cert`'),
      )
    for (const { host } of listen)
      if (!/^(?:0\.0\.0\.0|::|localhost|127\..*|::1)$/.test(host) && !isFor(certificate, host))
        found.push(
          warning(
            `\`${tls.cert}\` does not name \`${host}\`, where the server listens`,
            'use a certificate that names every host that clients call',
          ),
        )
    return found
  } catch (failure) {
    // OpenSSL's messages contain no part of a key.
    return [
      error(
        `\`tls-cert\` or \`tls-key\` can't be used: ${(failure as Error).message}`,
        'set them to a certificate chain (PEM) and its private key (PEM)',
      ),
    ]
  }
}

function isFor(certificate: X509Certificate, host: string): boolean {
  return (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined
}
