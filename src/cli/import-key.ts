// `strongroom import-key`: imports key material into a CMK of origin EXTERNAL, from reading the material to the proof that it encrypts.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { HYBRID_KEY_SPEC, HYBRID_WRAPPING } from '../cryptography/hybrid-wrap.ts'
import { IMPORT_ALGORITHMS, type ImportAlgorithm } from '../cryptography/wrap.ts'
import { wrapMaterial } from '../cryptography/wrap-material.ts'
import { KEY_SPECS } from '../keystore/key-spec.ts'
import { type FlagKinds, type Flags, readFlags } from '../settings/flags.ts'
import { didYouMean } from '../settings/nearest.ts'
import { fileOf } from '../settings/sources.ts'
import { UsageError } from '../settings/usage-error.ts'
import { type Answered, ask } from './ask.ts'
import { CLIENT_FLAGS, CLIENT_HELP, clientOptions } from './client-options.ts'
import { printsHelp } from './help.ts'
import { FORMATS, type Format, readMaterial } from './material.ts'
import { isKeyUri, type KeyUri, keyUriOf } from './pkcs11-uri.ts'
import { refused } from './refused.ts'
import type { Surroundings } from './surroundings.ts'

const NO_EXPORT = 'Key material never leaves Strongroom, so there is no export-key: keep your original in a safe place.'

const USAGE = `usage: strongroom import-key --key ID|ALIAS --material FILE|-|pkcs11:… [--format raw|hex|base64] [--expires DATE]
                             [--algorithm NAME] [--region ID] [--profile NAME] [--endpoint URL] [--ca-file FILE] [--data DIR]

Imports key material into a CMK of origin EXTERNAL (strongroom kms CreateKey --Origin EXTERNAL). It gets a wrapping key, wraps the
material in this process, imports it, and tests the CMK: it encrypts and decrypts a text. Then it wipes the material from memory.

  --material   a file, - for standard input, or a PKCS #11 URI (RFC 7512) of a secret key in a token:
               'pkcs11:token=NAME;object=LABEL?module-path=/usr/lib/….so&pin-source=file:PATH'
               The token itself wraps its key, which must be extractable. STRONGROOM_HSM_MODULE, STRONGROOM_HSM_PARAMETERS and
               STRONGROOM_HSM_PIN replace missing parts of the URI; without a PIN, the command asks for it on the terminal.
  --format     the encoding of the material in the file: raw bytes (the default), hex or base64. The command never guesses it.
  --expires    the expiry of the material: 2027-01-31 (0:00 UTC) or 2027-01-31T12:00:00Z. Without it, the material never expires.
  --algorithm  ${IMPORT_ALGORITHMS.join(', ')};
               RSAES_OAEP_SHA_256 by default. ${HYBRID_WRAPPING} also resists quantum computers.

Importing the same material again changes its expiry; other material is refused. ${NO_EXPORT}

${CLIENT_HELP}`

const FLAGS = {
  ...CLIENT_FLAGS,
  key: 'value',
  material: 'value',
  format: 'value',
  expires: 'value',
  algorithm: 'value',
  region: 'value',
} as const satisfies FlagKinds

/** The service's refusal of one of the calls. */
class Refused extends Error {
  readonly answer: Answered['answer']
  constructor(answer: Answered['answer']) {
    super(String(answer['Message']))
    this.answer = answer
  }
}

/** Calls an operation of the key service; rejects with Refused. */
type Call = (action: string, parameters: Readonly<Record<string, string>>) => Promise<Answered['answer']>

/** Runs the verb; returns the exit code. Throws UsageError. */
export async function importKey(args: readonly string[], around: Surroundings): Promise<number> {
  if (printsHelp(args, USAGE, around)) return 0
  const flags = readFlags(args, FLAGS, 'import-key')
  const wish = wishOf(flags)
  const call = await caller(flags, around)
  try {
    const { keyId, bytes } = await emptyKey(call, wish.key)
    await importInto(call, keyId, await wrap(call, keyId, bytes, wish, around), wish.expires)
    await prove(call, keyId).catch((error: unknown) => {
      if (error instanceof Refused)
        around.complain(`the material is imported into ${keyId}, but the service refused the test`)
      throw error
    })
    const { MaterialExpireTime } = (await call('DescribeKey', { KeyId: keyId }))['KeyMetadata'] as Record<
      string,
      unknown
    >
    around.print(
      JSON.stringify(
        { KeyId: keyId, MaterialExpireTime, WrappingAlgorithm: wish.algorithm, Proof: 'Encrypt, Decrypt' },
        null,
        2,
      ),
    )
    return 0
  } catch (error) {
    if (error instanceof Refused) return refused(error.answer, around)
    throw error
  }
}

/** `strongroom export-key` explains why there is no such verb. */
export function exportKey(): never {
  throw new UsageError(NO_EXPORT)
}

/** The import that the line describes. */
interface Wish {
  readonly key: string
  readonly material: string
  readonly uri: KeyUri | null
  readonly format: Format
  readonly algorithm: ImportAlgorithm
  /** Seconds since 1970; 0 for never. */
  readonly expires: number
}

function wishOf(flags: Flags): Wish {
  const [key, material] = [flags.get('key'), flags.get('material')]
  if (!key) throw new UsageError('name the CMK with --key, such as --key alias/orders')
  if (!material) throw new UsageError('name the key material with --material: a file, - or pkcs11:…')
  const algorithm = oneOf(IMPORT_ALGORITHMS, flags.get('algorithm') ?? 'RSAES_OAEP_SHA_256', 'algorithm')
  const format = oneOf(FORMATS, flags.get('format') ?? 'raw', 'format')
  const uri = isKeyUri(material) ? keyUriOf(material) : null
  if (uri && flags.has('format')) throw new UsageError('--format is for material from a file: leave it out')
  if (uri && algorithm === HYBRID_WRAPPING)
    throw new UsageError(`a token does not wrap by ${HYBRID_WRAPPING}: choose an algorithm of RSA`)
  return { key, material, uri, format, algorithm, expires: expiryOf(flags.get('expires')) }
}

function oneOf<T extends string>(choices: readonly T[], said: string, flag: string): T {
  const found = choices.find((choice) => choice === said)
  if (found === undefined)
    throw new UsageError(`--${flag} takes ${choices.join(', ')}, not \`${said}\`${didYouMean(said, choices)}`)
  return found
}

function expiryOf(date: string | undefined): number {
  if (date === undefined) return 0
  const [, day = ''] = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d))?$/.exec(date) ?? []
  const [at, start] = [Date.parse(date), Date.parse(day)]
  if (Number.isNaN(at) || Number.isNaN(start) || new Date(start).toISOString().slice(0, 10) !== day)
    throw new UsageError(`--expires takes a date such as 2027-01-31 or 2027-01-31T12:00:00Z, not \`${date}\``)
  if (at <= Date.now()) throw new UsageError(`--expires is in the past: \`${date}\``)
  return Math.floor(at / 1000)
}

async function caller(flags: Flags, around: Surroundings): Promise<Call> {
  const region = flags.get('region')
  await clientOptions(flags, around)
  return async (action, parameters) => {
    const own = { Action: action, Version: '2016-01-20', ...(region === undefined ? {} : { RegionId: region }) }
    const { status, answer } = await ask(
      new Map(Object.entries({ ...parameters, ...own })),
      await clientOptions(flags, around),
    )
    if (status >= 300) throw new Refused(answer)
    return answer
  }
}

/** The CMK's id, and the length of its material in bytes. Throws when the CMK takes no material. */
async function emptyKey(call: Call, key: string): Promise<{ keyId: string; bytes: number }> {
  const { KeyId, Origin, KeySpec } = (await call('DescribeKey', { KeyId: key }))['KeyMetadata'] as Record<
    string,
    string
  >
  if (Origin !== 'EXTERNAL')
    throw new Error(
      `the CMK ${KeyId} has the origin ${Origin}, and generates its own material: import into one that \`strongroom kms CreateKey --Origin EXTERNAL\` made`,
    )
  const spec = Object.entries(KEY_SPECS).find(([name]) => name === KeySpec)?.[1]
  if (spec?.kind !== 'symmetric') throw new Error(`this version does not know the length of material of ${KeySpec}`)
  return { keyId: String(KeyId), bytes: spec.keyBytes }
}

/** The import token, and the material wrapped under its public key. */
interface Wrapped {
  readonly token: string
  readonly material: Buffer
}

async function importInto(call: Call, keyId: string, { token, material }: Wrapped, expires: number): Promise<void> {
  await call('ImportKeyMaterial', {
    KeyId: keyId,
    ImportToken: token,
    EncryptedKeyMaterial: material.toString('base64'),
    ...(expires === 0 ? {} : { KeyMaterialExpireUnix: String(expires) }),
  })
}

async function wrap(
  call: Call,
  keyId: string,
  bytes: number,
  { material, uri, format, algorithm }: Wish,
  around: Surroundings,
): Promise<Wrapped> {
  const parameters = async () => {
    const { PublicKey, ImportToken } = await call('GetParametersForImport', {
      KeyId: keyId,
      WrappingAlgorithm: algorithm,
      WrappingKeySpec: algorithm === HYBRID_WRAPPING ? HYBRID_KEY_SPEC : 'RSA_2048',
    })
    return { publicKey: Buffer.from(String(PublicKey), 'base64'), token: String(ImportToken) }
  }
  if (uri) {
    const { publicKey, token } = await parameters()
    return { token, material: await wrappedByToken(uri, publicKey, algorithm, bytes, around) }
  }
  // Read before the request for a wrapping key, which an HSM keeps for a day.
  const read = await readMaterial(material, format, bytes, around)
  try {
    const { publicKey, token } = await parameters()
    return { token, material: wrapMaterial(publicKey, algorithm, read, generateKeyPairSync('x25519')) }
  } finally {
    read.fill(0)
  }
}

async function wrappedByToken(
  { key, module, pinFile }: KeyUri,
  publicKey: Buffer,
  algorithm: ImportAlgorithm,
  bytes: number,
  around: Surroundings,
): Promise<Buffer> {
  if (algorithm === HYBRID_WRAPPING) throw new Error('a token can wrap only for RSA')
  const path = module ?? around.env['STRONGROOM_HSM_MODULE']
  if (!path)
    throw new UsageError('the library of the token is missing: set module-path in the URI, or STRONGROOM_HSM_MODULE')
  const pin =
    pinFile === null
      ? around.env['STRONGROOM_HSM_PIN']
      : fileOf('pin-source', pinFile, around.readFile).replace(/\r?\n$/, '')
  const typed = pin ?? (await around.ask?.(`PIN of the token ${key.token ?? key.serial ?? ''}: `))
  if (!typed) throw new UsageError('the token needs a PIN: pin-source in the URI, or STRONGROOM_HSM_PIN')
  const { wrapOut } = await import('../keystore/pkcs11/wrapping-out.ts')
  const parameters = around.env['STRONGROOM_HSM_PARAMETERS'] || null
  return wrapOut({ module: path, parameters, pin: typed }, key, { publicKey, algorithm, bytes })
}

/** Encrypts a random text with the CMK, and decrypts it. Throws when the result differs. */
async function prove(call: Call, keyId: string): Promise<void> {
  const text = randomBytes(16).toString('base64')
  const { CiphertextBlob } = await call('Encrypt', { KeyId: keyId, Plaintext: text })
  const { Plaintext } = await call('Decrypt', { CiphertextBlob: String(CiphertextBlob) })
  if (Plaintext !== text) throw new Error(`the CMK ${keyId} can't decrypt its own ciphertext`)
}
