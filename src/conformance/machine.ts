/** What the runner needs from its machine. */
export interface Machine {
  /** Milliseconds since 1970. */
  now(): number
  pause(ms: number): Promise<void>
  randomBytes(length: number): Buffer
  /** A new RSA_2048 pair: SubjectPublicKeyInfo and PKCS #8, both PEM. */
  rsaPair(): { readonly publicKey: string; readonly privateKey: string }
}
