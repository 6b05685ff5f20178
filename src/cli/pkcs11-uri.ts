// PKCS #11 URIs (RFC 7512): the parts that name a secret key in a token, the library for the token, and the file of its PIN.
import type { WantedKey } from '../keystore/pkcs11/wrapping-out.ts'
import { didYouMean } from '../settings/nearest.ts'
import { UsageError } from '../settings/usage-error.ts'

export interface KeyUri {
  readonly key: WantedKey
  /** The path of the library; null where the URI names none. */
  readonly module: string | null
  /** The path of the file with the PIN. */
  readonly pinFile: string | null
}

const IN_PATH = ['token', 'serial', 'object', 'id', 'type']
const IN_QUERY = ['module-path', 'pin-source']

export function isKeyUri(text: string): boolean {
  return text.startsWith('pkcs11:')
}

/** Throws UsageError. */
export function keyUriOf(uri: string): KeyUri {
  const [path = '', query = ''] = uri.slice('pkcs11:'.length).split(/\?(.*)/s)
  const named = attributes(path, ';', IN_PATH)
  const asked = attributes(query, '&', IN_QUERY)
  const text = (bytes: Buffer | undefined) => bytes?.toString('utf8') ?? null
  const type = text(named.get('type'))
  if (type !== null && type !== 'secret-key')
    throw new UsageError(`the PKCS #11 URI names an object of type ${type}: key material is a secret-key`)
  if (!named.has('object') && !named.has('id'))
    throw new UsageError('the PKCS #11 URI must name the key by object (its label) or id')
  const key = {
    token: text(named.get('token')),
    serial: text(named.get('serial')),
    label: text(named.get('object')),
    id: named.get('id') ?? null,
  }
  const source = text(asked.get('pin-source'))
  if (source?.startsWith('|')) throw new UsageError('the pin-source of a PKCS #11 URI must be a file, not a command')
  return { key, module: text(asked.get('module-path')), pinFile: source?.replace(/^file:(?:\/\/)?/, '') ?? null }
}

function attributes(part: string, between: string, known: readonly string[]): Map<string, Buffer> {
  const found = new Map<string, Buffer>()
  for (const attribute of part.split(between).filter((attribute) => attribute !== '')) {
    const [name = '', value = ''] = attribute.split(/=(.*)/s)
    if (name === 'pin-value')
      throw new UsageError('a PIN does not belong on a command line: name its file by pin-source=file:PATH')
    if (!known.includes(name))
      throw new UsageError(
        `the PKCS #11 URI has the attribute \`${name}\`${didYouMean(name, known)}: ${known.join(', ')} are supported`,
      )
    if (found.has(name)) throw new UsageError(`the PKCS #11 URI has the attribute \`${name}\` twice`)
    if (/%(?![0-9a-f]{2})/i.test(value))
      throw new UsageError(`the PKCS #11 URI's \`${name}\` has a % that two hexadecimal digits do not follow`)
    const bytes = value.replace(/%([0-9a-f]{2})|./gisu, (all, hex?: string) => hex ?? Buffer.from(all).toString('hex'))
    found.set(name, Buffer.from(bytes, 'hex'))
  }
  return found
}
