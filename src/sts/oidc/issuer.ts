// The port through which the service reads the documents of an issuer, and the errors of reading them.
import type { KeySet } from '../../settings/oidc.ts'

/** A document of an issuer, and the root certificate of the TLS connection that it came over. */
export interface IssuerDocument {
  readonly body: string
  /** SHA-1 of the certificate, in lower-case hexadecimal digits. */
  readonly root: string
}

/** Reads documents over HTTPS, each within `withinMs`. Rejects with IssuerTrouble. */
export interface IssuerDocuments {
  get(url: URL, withinMs: number): Promise<IssuerDocument>
}

/** `root`: the certificate chain does not end in a trusted root. `chain`: the certificate chain fails to verify for another reason. */
export type TroubleKind = 'unreachable' | 'chain' | 'root'

/** Why the keys of an issuer could not be read. The message is for the operator. */
export class IssuerTrouble extends Error {
  readonly kind: TroubleKind
  /** The requested URL, or the issuer. */
  readonly url: string

  constructor(kind: TroubleKind, url: string, message: string) {
    super(message)
    this.kind = kind
    this.url = url
  }
}

/** Too many fetches from issuers are in progress. */
export class IssuersBusy extends Error {}

/** The keys of an issuer. */
export interface IssuerKeySet {
  readonly keys: KeySet
  /** The root certificates of the documents (IssuerDocument.root); null for keys that the operator pinned. */
  readonly roots: readonly string[] | null
  /** When they were fetched, in milliseconds since 1970. */
  readonly fetchedAt: number
}

/** How long fetched keys are used. */
export const KEEP_MS = 600_000

/** The source of issuers' keys: this process fetches them, or asks the server's process that fetches for all workers. */
export interface IssuerSource {
  /**
   * The keys of an issuer at `now`. With `newerThan`, only keys that were fetched after that moment; null while it is too early to fetch again,
   * and for pinned keys. Rejects with IssuerTrouble or IssuersBusy.
   */
  keysOf(issuer: string, now: number, newerThan: number | null): Promise<IssuerKeySet | null>
}
