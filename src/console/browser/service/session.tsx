// Who is logged on, as the service says; nothing of it is stored in the browser.
import { createContext, useContext } from 'react'

export interface Session {
  readonly AccountId: string
  readonly AccountAlias: string
  readonly Type: 'root-account' | 'ram-user'
  readonly UserName: string
  readonly UserId: string
  readonly MFAAuthenticated: boolean
  readonly CreatedAt: string
  readonly ExpiresAt: string
  readonly Regions: readonly { readonly Id: string; readonly Hsm: boolean }[]
  readonly DefaultRegion: string
  readonly Version: string
  readonly Dev: boolean
}

/** Identifies a session. */
export function sessionKey({ UserId, CreatedAt }: Session): string {
  return `${UserId} ${CreatedAt}`
}

const SessionContext = createContext<Session | null>(null)
export const SessionProvider = SessionContext.Provider

/** The session; pages exist only in one. */
export function useSession(): Session {
  const session = useContext(SessionContext)
  if (!session) throw new Error('no session')
  return session
}
