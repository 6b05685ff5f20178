import type { Permission } from '../../parts/allowed.tsx'

/** Something that needs attention, and the page where one acts. */
export interface Finding {
  readonly id: string
  readonly tone: 'bad' | 'wait'
  /** The kind of thing. */
  readonly badge: string
  readonly to: string
  readonly link: string
  /** Whether the link is an id. */
  readonly isId?: boolean
  readonly says?: string
  readonly note?: string | undefined
}

/** What was found where one looked. */
export interface Looked {
  /** What was looked at, in words. */
  readonly name: string
  readonly findings: readonly Finding[]
  readonly isPending: boolean
  readonly error: Error | null
  readonly again: () => void
  /** What the caller's policies lack to look there. */
  readonly lacks: Permission | null
}

interface Source {
  readonly isPending: boolean
  readonly error: Error | null
  refetch(): unknown
}

/** What was found in one place, or why nobody looked there. */
export function looked(name: string, lacks: Permission | null, source: Source, findings: readonly Finding[]): Looked {
  if (lacks) return { name, findings: [], isPending: false, error: null, again: () => {}, lacks }
  const { isPending, error } = source
  return { name, findings, isPending, error, again: () => void source.refetch(), lacks }
}
