// Chains of certificates for tests, without a file.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { BasicConstraintsExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509'

type Pair = Awaited<ReturnType<typeof newPair>>
export const newPair = () => webcrypto.subtle.generateKey(EC, true, ['sign', 'verify'])

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** A certificate for a public key, signed by whoever calls itself the issuer; nothing but names ties them together. */
export async function certificateOf(
  subject: string,
  { publicKey }: Pair,
  issuer: string,
  { privateKey }: Pair,
): Promise<string> {
  const host = new SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${subject}`,
    issuer: `CN=${issuer}`,
    publicKey,
    signingKey: privateKey,
    signingAlgorithm: EC,
    extensions: subject === 'localhost' ? [host] : [new BasicConstraintsExtension(true, undefined, true)],
  })
  return `${certificate.toString('pem')}\n`
}
