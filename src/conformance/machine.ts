/** What the runner takes from the machine that it runs on. */
export interface Machine {
  /** Milliseconds since 1970. */
  now(): number
  pause(ms: number): Promise<void>
  randomBytes(length: number): Buffer
  /** A fresh pair of RSA_2048: SubjectPublicKeyInfo and PKCS #8, both PEM. */
  rsaPair(): { readonly publicKey: string; readonly privateKey: string }
}
