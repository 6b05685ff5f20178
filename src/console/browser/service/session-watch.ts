// Detects on an open page that its session has ended: by a log-off in another tab, by the service, or by another session in the same browser.
import { useEffect } from 'react'
import { request } from './call.ts'
import { type Session, sessionKey } from './session.tsx'

const EACH_MS = 30_000

const tabs = new BroadcastChannel('strongroom-session')

/** Makes the other tabs of this browser check whether their session is over. */
export function tellOtherTabs(): void {
  tabs.postMessage('look')
}

/**
 * Checks twice a minute while the page is visible, when it becomes visible, and when another tab sends a message. The end of the session calls
 * `sessionEnded`; another session goes to `changed`.
 */
export function useSessionWatch(session: Session | null, changed: (session: Session) => void): void {
  const key = session && sessionKey(session)
  // biome-ignore lint/correctness/useExhaustiveDependencies: one watch for each session
  useEffect(() => {
    if (key === null) return
    const look = () => {
      if (document.visibilityState !== 'visible') return
      request<{ readonly Session: Session }>('GET', 'session').then(
        (reply) => {
          if (sessionKey(reply.Session) !== key) changed(reply.Session)
        },
        // If the service can't be reached, the next call of the page shows that.
        () => {},
      )
    }
    const timer = setInterval(look, EACH_MS)
    document.addEventListener('visibilitychange', look)
    window.addEventListener('focus', look)
    tabs.addEventListener('message', look)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
      window.removeEventListener('focus', look)
      tabs.removeEventListener('message', look)
    }
  }, [key])
}
