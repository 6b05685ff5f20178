// Backup keys in the form of age, as the flags name them: recipients (public) and files of identities (private).
import { decodeIdentity, decodeRecipient, type Identity, type Recipient } from '../cryptography/age.ts'
import { refuseInFipsMode } from '../runtime/fips.ts'
import type { Flags } from '../settings/flags.ts'
import { UsageError } from '../settings/usage-error.ts'
import type { Surroundings } from './surroundings.ts'

type Files = Pick<Surroundings, 'readFile'>

/** All recipients that the flags name. Throws UsageError. */
export function recipientsOf(flags: Flags, around: Files): readonly Recipient[] {
  demandAge()
  const given = flags.all('recipient').map((text) => recipientIn(text, '`--recipient`'))
  const listed = flags.all('recipients-file').flatMap((path) => {
    return linesIn(path, around).map((line) => recipientIn(line, `\`${path}\``))
  })
  if (given.length + listed.length === 0)
    throw new UsageError(
      'the backup needs a recipient: `--recipient age1…`, or `--recipients-file FILE`; `strongroom backup key` creates one',
    )
  return [...given, ...listed]
}

function recipientIn(text: string, where: string): Recipient {
  if (/^AGE-SECRET-KEY-/i.test(text))
    throw new UsageError(`${where} contains a private key: a backup needs the public one, which begins with age1`)
  const recipient = decodeRecipient(text)
  if (!recipient) throw new UsageError(`${where} contains no recipient: a recipient is age1 and 58 letters and digits`)
  return recipient
}

/** All identities in the files of the flags. Throws UsageError. */
export function identitiesOf(flags: Flags, around: Files): readonly Identity[] {
  demandAge()
  const paths = flags.all('identity')
  if (paths.length === 0)
    throw new UsageError('`--identity FILE` is missing: name the file that `strongroom backup key` wrote')
  return paths.flatMap((path) => {
    const identities = linesIn(path, around).map(decodeIdentity)
    if (identities.length === 0 || identities.includes(null))
      throw new UsageError(`\`${path}\` must contain only AGE-SECRET-KEY-1… and comments`)
    return identities.filter((identity) => identity !== null)
  })
}

/** Throws in FIPS mode. */
export function demandAge(): void {
  refuseInFipsMode(
    'a backup is an age file, which needs X25519 and ChaCha20-Poly1305',
    'in FIPS mode, back up the database with its own tools, or run this command outside FIPS mode',
  )
}

/** The lines of a file that are neither empty nor comments. */
function linesIn(path: string, { readFile }: Files): readonly string[] {
  let text: string
  try {
    text = readFile(path)
  } catch (error) {
    throw new UsageError(`\`${path}\` can't be read: ${(error as NodeJS.ErrnoException).code}`)
  }
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}
