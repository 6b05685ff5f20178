// The calls of the current page, which it shows with their command lines.
import { useSyncExternalStore } from 'react'

interface NotedCall {
  /** The operation, or the verb of the command line. */
  readonly name: string
  /** The `strongroom` command that does the same. */
  readonly line: string
  readonly status: number
  readonly ms: number
}

const KEPT = 40

let calls: readonly NotedCall[] = []
const listeners = new Set<() => void>()

function set(next: readonly NotedCall[]): void {
  calls = next
  for (const listener of listeners) listener()
}

export function noteCall(noted: NotedCall): void {
  set([...calls.filter(({ line }) => line !== noted.line), noted].slice(-KEPT))
}

export function forgetCalls(): void {
  set([])
}

export function useNotedCalls(): readonly NotedCall[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    () => calls,
  )
}

/** Parameters whose values are secret, or too long to read: the command line names a variable of the shell in their place. */
const NAMED =
  /^(Plaintext|SecretData|.*Password|EncryptedKeyMaterial|ImportToken|CiphertextBlob|AuthenticationCode\d?)$/

/** The command that calls an operation. */
export function commandOf(
  product: string,
  operation: string,
  region: string,
  parameters: Readonly<Record<string, unknown>>,
): string {
  const given = Object.entries(parameters)
  const isRegional = product === 'Kms' || product === 'Actiontrail'
  const all = isRegional && !('RegionId' in parameters) ? [...given, ['RegionId', region] as const] : given
  return ['strongroom', product.toLowerCase(), operation, ...all.map(([name, value]) => option(name, value))].join(' ')
}

function option(name: string, value: unknown): string {
  const variable = name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()
  return `--${name} ${NAMED.test(name) ? `"$${variable}"` : shellWord(String(value))}`
}

/** A text as one word of the shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
