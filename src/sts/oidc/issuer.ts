// What the service asks of an issuer: the port through which it reads the issuer's documents, and the trouble that it can meet.
import type { KeySet } from '../../settings/oidc.ts'

/** A document of an issuer, and the root certificate that its chain of certificates ended in. */
export interface IssuerDocument {
  readonly body: string
  /** SHA-1 of the certificate, in lower-case hexadecimal digits. */
  readonly root: string
}

/** Reads documents over HTTPS, each within `withinMs`. Rejects with IssuerTrouble. */
export interface IssuerDocuments {
  get(url: URL, withinMs: number): Promise<IssuerDocument>
}

/** `root`: the chain of certificates ends in no trusted root. `chain`: it does not verify for another reason. */
export type TroubleKind = 'unreachable' | 'chain' | 'root'

/** Why the keys of an issuer could not be read. The message is for the operator. */
export class IssuerTrouble extends Error {
  readonly kind: TroubleKind
  /** The URL that was asked, or the issuer. */
  readonly url: string

  constructor(kind: TroubleKind, url: string, message: string) {
    super(message)
    this.kind = kind
    this.url = url
  }
}

/** Too many issuers are asked at once. */
export class IssuersBusy extends Error {}

/** The keys of an issuer. */
export interface IssuerKeySet {
  readonly keys: KeySet
  /** The root certificates of the documents; null for keys that the operator gave. See IssuerDocument.root. */
  readonly roots: readonly string[] | null
  /** When they were fetched, in milliseconds since 1970. */
  readonly fetchedAt: number
}

/** How long fetched keys serve. */
export const KEEP_MS = 600_000

/** Where the keys of issuers come from: this process fetches them itself, or asks the process that does for all of the server. */
export interface IssuerSource {
  /**
   * The keys of an issuer at `now`; with `newerThan`, only those that were fetched after that moment, or null while it is too early to fetch
   * again. Rejects with IssuerTrouble or IssuersBusy.
   */
  keysOf(issuer: string, now: number, newerThan: number | null): Promise<IssuerKeySet | null>
}
