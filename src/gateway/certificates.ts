// The local certificate authority of `--tls self-signed`. Clients must trust its ca.pem.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import type { Tls } from './server-certificate.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY = 86_400_000
const CA_DAYS = 3650
const SERVER_DAYS = 397

x509.cryptoProvider.set(webcrypto as Crypto)

/** Returns a certificate for `names` (host names and addresses), signed by the CA in the folder, which it creates if there is none. */
export async function selfSigned(
  folder: string,
  names: readonly string[],
  now: number,
): Promise<Tls & { caFile: string }> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const caFile = join(folder, 'ca.pem')
  const caKeyFile = join(folder, 'ca-key.pem')
  if (!existsSync(caFile)) await createAuthority(caFile, caKeyFile, now)
  const authority = new x509.X509Certificate(readFileSync(caFile, 'utf8'))
  const authorityKey = await importKey(readFileSync(caKeyFile, 'utf8'))
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: 'CN=Strongroom',
    issuer: authority.subject,
    notBefore: new Date(now - DAY),
    notAfter: new Date(now + SERVER_DAYS * DAY),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: authorityKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
    ],
  })
  return { cert: certificate.toString('pem'), key: await exportKey(keys.privateKey), caFile }
}

async function createAuthority(caFile: string, caKeyFile: string, now: number): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=Strongroom local CA ${serial().slice(0, 8)}`,
    notBefore: new Date(now - DAY),
    notAfter: new Date(now + CA_DAYS * DAY),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  writeFileSync(caKeyFile, await exportKey(keys.privateKey), { mode: 0o600 })
  writeFileSync(caFile, certificate.toString('pem'))
}

function serial(): string {
  return `4${Buffer.from(webcrypto.getRandomValues(new Uint8Array(15))).toString('hex')}`.slice(0, 30)
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(pem)
  return webcrypto.subtle.importKey('pkcs8', der ?? new ArrayBuffer(0), ALGORITHM, false, ['sign'])
}
