// Providers and the session, around the pages.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { App, ConfigProvider, Spin } from 'antd'
import english from 'antd/locale/en_US'
import { Suspense, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { BrowserRouter, Navigate, Route, Routes } from 'react-router'
import { Frame } from './frame/frame.tsx'
import { usePreferences } from './frame/preferences.ts'
import { themeOf } from './frame/theme.ts'
import { LogOn } from './pages/log-on.tsx'
import { PageBoundary } from './parts/page-boundary.tsx'
import { Refused } from './parts/refused.tsx'
import { BASE, PAGES } from './routes.tsx'
import { Refusal, request, sessionEnded } from './service/call.ts'
import { paths } from './service/paths.ts'
import { type Session, SessionProvider, sessionKey } from './service/session.tsx'
import { askSession, type FirstReply } from './service/session-reply.ts'
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

/** Begins with the answer about the session, which was asked for before the first rendering. */
export function show(root: HTMLElement, first: FirstReply): void {
  createRoot(root).render(<Application first={first} />)
}

function Application({ first }: { readonly first: FirstReply }) {
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
          {/* A page follows its address at once. In a transition it lags, and old links and values take what a reader does meanwhile. */}
          <BrowserRouter basename={BASE} useTransitions={false}>
            <Gate first={first} preferences={preferences} />
          </BrowserRouter>
        </LanguageProvider>
      </App>
    </ConfigProvider>
  )
}

interface GateProps {
  readonly preferences: ReturnType<typeof usePreferences>
  readonly first: FirstReply
}

/** Without a session the page to log on stands at every path, and leads back to it. */
function Gate({ preferences, first }: GateProps) {
  const [state, setState] = useState<Session | 'none' | 'over'>(() =>
    first.status === 'fulfilled' ? first.value.Session : 'none',
  )
  const [error, setError] = useState<Error | null>(() => (first.status === 'rejected' ? failureOf(first.reason) : null))
  // What one session read dies with it; so does, by the key below, what its pages show and its forms hold.
  const [client, setClient] = useState(newClient)
  const session = typeof state === 'string' ? null : state
  const become = (next: Session | 'none') => {
    setState(next)
    setClient(newClient())
  }
  const askAgain = async () => {
    try {
      become((await askSession()).Session)
      setError(null)
    } catch (thrown) {
      setError(failureOf(thrown))
    }
  }
  useEffect(() => {
    const end = () => {
      setState((now) => (typeof now === 'object' || now === 'over' ? 'over' : 'none'))
      setClient(newClient())
    }
    sessionEnded.add(end)
    return () => void sessionEnded.delete(end)
  }, [])
  useSessionWatch(session, become)
  if (error) return <Refused again={() => void askAgain()} error={error} />
  if (!session) return <LogOn enter={become} isOver={state === 'over'} preferences={preferences} />
  const leave = async () => {
    const failure = await request('DELETE', 'session').then(() => null, failureOf)
    if (failure) return setError(failure)
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
                element={
                  <PageBoundary key={path}>
                    <Suspense fallback={<Spin className="waiting" />}>{element}</Suspense>
                  </PageBoundary>
                }
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

/** Why it is not known whether there still is a session; null: there is none. */
function failureOf(thrown: unknown): Error | null {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  return error instanceof Refusal && error.status === 401 ? null : error
}
