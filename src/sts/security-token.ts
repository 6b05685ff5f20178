// Security tokens (docs/reference/formats.md, "Security token"): the facts of a session, sealed under the root key. Sessions of roles are not
// stored: every server with the root key can open their tokens. The secret is not in the token; it is derived from the AccessKeyId and the root
// key. Each file in test/vectors/strongroom/security-token tests one property of tokens.
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { SessionCaller } from '../api/caller.ts'
import { fromBase64 } from '../cryptography/encoding.ts'
import type { Root } from '../cryptography/seal.ts'
import type { RootKeys } from '../keystore/root-keys.ts'
import type { LoggedOnSession } from '../ram/logged-on-session.ts'

const PLACE = ['security-token']
/** How many characters the opened tokens in memory, and their session policies, have at most. A usual token has some 500. */
const OPENED_CHARACTERS = 8 * 1024 * 1024
/** In characters. Issued tokens are shorter, since a session policy has at most 2,048 characters. */
const MAX_TOKEN_LENGTH = 16_384

/** The session that a token carries. Times are milliseconds since 1970. */
export interface Session {
  readonly caller: SessionCaller
  readonly expiresAt: number
}

/** A session from an opened token. Its secret is derived from the root key under which the token was sealed. */
interface OpenedSession extends Session {
  readonly secret: string
}

type SigningSession = LoggedOnSession & Required<Pick<LoggedOnSession, 'signsAs'>>

/** A session of the command line from an opened token. */
interface OpenedPerson {
  readonly person: SigningSession
  readonly secret: string
}

/** The plaintext of a token, as JSON. Every released format must stay readable. */
type Facts = RoleFacts | readonly [format: 2, person: SigningSession]

type RoleFacts = readonly [
  format: 1,
  accountId: string,
  roleId: string,
  roleName: string,
  sessionName: string,
  accessKeyId: string,
  startedAt: number,
  expiresAt: number,
  invokedBy: string | null,
  sessionPolicy: string | null,
  /** SessionCaller.mfa, where it is known. */
  mfa?: boolean,
]

export class SecurityTokens {
  readonly #keys: RootKeys
  readonly #opened = new Map<string, OpenedSession | OpenedPerson>()
  /** The epoch of the root keys under which the tokens in memory were opened. */
  #rootEpoch = 0
  #characters = 0

  constructor(keys: RootKeys) {
    this.#keys = keys
  }

  /** Returns the token (Base64) and the secret of a session. `nonce` is 24 fresh random bytes. */
  issue({ caller, expiresAt }: Session, nonce: Uint8Array): { token: string; secret: string } {
    const { accountId, roleId, roleName, sessionName, accessKeyId, startedAt, invokedBy, sessionPolicy, mfa } = caller
    const facts: RoleFacts = [
      1,
      accountId,
      roleId,
      roleName,
      sessionName,
      accessKeyId,
      startedAt,
      expiresAt,
      invokedBy,
      sessionPolicy,
      ...(mfa === undefined ? ([] as const) : ([mfa] as const)),
    ]
    return this.#sealed(facts, accessKeyId, nonce)
  }

  /** As `issue`, for a session of the command line. `signsAs` is the AccessKeyId that signs its calls. */
  issueTo(person: SigningSession, nonce: Uint8Array): { token: string; secret: string } {
    const { id, accountId, principalId, accessKeyId, mark, mfa, since, until, signsAs } = person
    const facts = { id, accountId, principalId, accessKeyId, mark, mfa, since, until, signsAs }
    return this.#sealed([2, facts], signsAs, nonce)
  }

  #sealed(facts: Facts, accessKeyId: string, nonce: Uint8Array): { token: string; secret: string } {
    const token = this.#keys.seal(PLACE, nonce, deflateRawSync(JSON.stringify(facts))).toString('base64')
    return { token, secret: secretOf(this.#keys.current, accessKeyId) }
  }

  /** Returns the session of a token; null when the token is altered, truncated, not in strict Base64, or sealed under unknown root keys. */
  open(token: string): OpenedSession | OpenedPerson | null {
    if (this.#rootEpoch !== this.#keys.epoch) {
      this.#forget()
      this.#rootEpoch = this.#keys.epoch
    }
    const known = this.#opened.get(token)
    if (known) return known
    // Strict Base64 gives each token one spelling, so a caller can't fill the memory with variants of a token.
    const sealed = token.length > MAX_TOKEN_LENGTH ? null : fromBase64(token)
    const opened = sealed && this.#keys.openUnder(PLACE, sealed)
    if (!opened) return null
    const facts = JSON.parse(inflateRawSync(opened.plaintext).toString('utf8')) as Facts
    const session = facts[0] === 2 ? personIn(facts[1], opened.root) : sessionIn(facts, opened.root)
    const policy = 'caller' in session ? session.caller.sessionPolicy : null
    this.#characters += token.length + (policy?.length ?? 0)
    if (this.#characters > OPENED_CHARACTERS) this.#forget()
    this.#opened.set(token, session)
    return session
  }

  #forget(): void {
    this.#opened.clear()
    this.#characters = 0
  }
}

/** Returns the AccessKey secret of a session: 44 hexadecimal digits (176 bits), derived from the root key and the AccessKeyId. */
function secretOf(root: Root, accessKeyId: string): string {
  return root.sessionSecret(accessKeyId).slice(0, 44)
}

function personIn(person: SigningSession, root: Root): OpenedPerson {
  return { person, secret: secretOf(root, person.signsAs) }
}

function sessionIn(facts: RoleFacts, root: Root): OpenedSession {
  const [, accountId, roleId, roleName, sessionName, accessKeyId, startedAt, expiresAt, invokedBy, sessionPolicy, mfa] =
    facts
  const caller: SessionCaller = {
    type: 'assumed-role',
    accountId,
    principalId: `${roleId}:${sessionName}`,
    userName: `${roleName}:${sessionName}`,
    accessKeyId,
    roleId,
    roleName,
    sessionName,
    sessionPolicy,
    startedAt,
    invokedBy,
    ...(mfa !== undefined && { mfa }),
  }
  return { caller, expiresAt, secret: secretOf(root, accessKeyId) }
}
