// The calls that the page in sight made, so that it can show them and their command lines.
import { useSyncExternalStore } from 'react'

export interface NotedCall {
  readonly product: string
  readonly operation: string
  readonly region: string
  readonly parameters: Readonly<Record<string, unknown>>
  readonly status: number
  readonly requestId: string
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
  const same = (one: NotedCall) => commandLine(one) === commandLine(noted)
  set([...calls.filter((one) => !same(one)), { ...noted, parameters: shown(noted.parameters) }].slice(-KEPT))
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
const NAMED = /^(Plaintext|.*Password|EncryptedKeyMaterial|ImportToken|CiphertextBlob|AuthenticationCode\d?)$/

function shown(parameters: NotedCall['parameters']): NotedCall['parameters'] {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, NAMED.test(name) ? null : value]))
}

/** The `strongroom` command that does the same. */
export function commandLine({ product, operation, region, parameters }: NotedCall): string {
  const options = Object.entries(parameters).map(([name, value]) => `--${name} ${word(name, value)}`)
  const where = product === 'Kms' || product === 'Actiontrail' ? [`--RegionId ${region}`] : []
  const own = options.some((option) => option.startsWith('--RegionId ')) ? [] : where
  return ['strongroom', product.toLowerCase(), operation, ...options, ...own].join(' ')
}

function word(name: string, value: unknown): string {
  if (value === null || NAMED.test(name)) return `"$${name.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()}"`
  const text = String(value)
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
