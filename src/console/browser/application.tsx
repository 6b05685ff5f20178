// Providers and the session, around the pages.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { App, ConfigProvider, Spin } from 'antd'
import english from 'antd/locale/en_US'
import { Suspense, useEffect, useState } from 'react'
import { BrowserRouter, Navigate, Route, Routes } from 'react-router'
import { Frame } from './frame/frame.tsx'
import { usePreferences } from './frame/preferences.ts'
import { themeOf } from './frame/theme.ts'
import { LogOn } from './pages/log-on.tsx'
import { Refused } from './parts/refused.tsx'
import { PAGES } from './routes.tsx'
import { Refusal, request, sessionEnded } from './service/call.ts'
import { paths } from './service/paths.ts'
import { type Session, SessionProvider, sessionKey } from './service/session.tsx'
import { tellOtherTabs, useSessionWatch } from './service/session-watch.ts'
import { LanguageProvider } from './texts/language.tsx'

const csp = { nonce: document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? '' }

const newClient = () =>
  new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5000,
        refetchOnWindowFocus: false,
        retry: (count, error) => count < 1 && error instanceof Refusal && error.status >= 500,
      },
    },
  })

/** Where the application is on its server. */
export const BASE = '/console'

type Asked = Promise<{ readonly Session: Session }>

export function askSession(): Asked {
  return request('GET', 'session')
}

/** `session` is what was asked before the first rendering. */
export function Application({ session }: { readonly session: Asked }) {
  const preferences = usePreferences()
  const { language } = preferences
  // There is a locale from the start: adding one later makes React mount every page again, which loses what the reader typed.
  const [locale, setLocale] = useState(english)
  useEffect(() => {
    if (language === 'en') setLocale(english)
    else void import('./texts/antd-chinese.ts').then((loaded) => setLocale(loaded.default))
  }, [language])
  return (
    <ConfigProvider
      button={{ autoInsertSpace: false }}
      componentSize="medium"
      csp={csp}
      locale={locale}
      theme={themeOf(preferences.theme)}
    >
      <App>
        <LanguageProvider value={language}>
          <BrowserRouter basename={BASE}>
            <Gate preferences={preferences} session={session} />
          </BrowserRouter>
        </LanguageProvider>
      </App>
    </ConfigProvider>
  )
}

interface GateProps {
  readonly preferences: ReturnType<typeof usePreferences>
  readonly session: Asked
}

/** Waits for the session; without one the page to log on stands at every path, and leads back to it. */
function Gate({ preferences, session: first }: GateProps) {
  const [state, setState] = useState<Session | 'asked' | 'none' | 'over'>('asked')
  const [error, setError] = useState<Error | null>(null)
  // What one session read dies with it; so does, by the key below, what its pages show and its forms hold.
  const [client, setClient] = useState(newClient)
  const session = typeof state === 'string' ? null : state
  const become = (next: Session | 'none') => {
    setState(next)
    setClient(newClient())
  }
  const wait = (asked: Asked) => {
    setError(null)
    asked.then(
      (reply) => become(reply.Session),
      (thrown: Error) => (thrown instanceof Refusal && thrown.status === 401 ? become('none') : setError(thrown)),
    )
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: waited for once, when the application starts
  useEffect(() => {
    wait(first)
    const end = () => {
      setState((now) => (typeof now === 'object' || now === 'over' ? 'over' : 'none'))
      setClient(newClient())
    }
    sessionEnded.add(end)
    return () => void sessionEnded.delete(end)
  }, [])
  useSessionWatch(session, become)
  if (error) return <Refused again={() => wait(askSession())} error={error} />
  if (state === 'asked') return <Spin className="waiting" />
  if (!session) return <LogOn enter={become} isOver={state === 'over'} preferences={preferences} />
  const leave = async () => {
    await request('DELETE', 'session')
    become('none')
    tellOtherTabs()
  }
  return (
    <QueryClientProvider client={client} key={sessionKey(session)}>
      <SessionProvider value={session}>
        <Routes>
          <Route element={<Frame leave={leave} preferences={preferences} />}>
            <Route element={<Navigate replace to={paths.overview(session.DefaultRegion)} />} index />
            {PAGES.map(({ path, element }) => (
              <Route
                element={<Suspense fallback={<Spin className="waiting" />}>{element}</Suspense>}
                key={path}
                path={path}
              />
            ))}
          </Route>
        </Routes>
      </SessionProvider>
    </QueryClientProvider>
  )
}
