import type { Permission } from '../../parts/allowed.tsx'

/** A matter that needs attention, with a link to the page for it. */
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

/** The findings of one check. */
export interface Looked {
  /** The name of the check. */
  readonly name: string
  readonly findings: readonly Finding[]
  readonly isPending: boolean
  readonly error: Error | null
  readonly again: () => void
  /** The permission that the caller lacks for the check. */
  readonly lacks: Permission | null
}

interface Source {
  readonly isPending: boolean
  readonly error: Error | null
  refetch(): unknown
}

/** The findings of one check, or why it could not be made. */
export function looked(name: string, lacks: Permission | null, source: Source, findings: readonly Finding[]): Looked {
  if (lacks) return { name, findings: [], isPending: false, error: null, again: () => {}, lacks }
  const { isPending, error } = source
  return { name, findings, isPending, error, again: () => void source.refetch(), lacks }
}
