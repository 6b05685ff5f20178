// Providers, the session, and which page is at which path. Each page is a chunk of its own.
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { App, ConfigProvider, Spin } from 'antd'
import { type ComponentType, lazy, Suspense, useEffect, useState } from 'react'
import { BrowserRouter, Navigate, Route, Routes } from 'react-router'
import { Frame } from './frame/frame.tsx'
import { usePreferences } from './frame/preferences.ts'
import { themeOf } from './frame/theme.ts'
import { LogOn } from './pages/log-on.tsx'
import { Refused } from './parts/refused.tsx'
import { Refusal, request, sessionEnded } from './service/call.ts'
import { paths } from './service/paths.ts'
import { type Session, SessionProvider, sessionKey } from './service/session.tsx'
import { tellOtherTabs, useSessionWatch } from './service/session-watch.ts'
import { LanguageProvider } from './texts/language.tsx'

const page = (load: () => Promise<{ readonly default: ComponentType }>) => {
  const Page = lazy(load)
  return <Page />
}

const PAGES = {
  ':region/overview': page(() => import('./pages/overview.tsx')),
  ':region/keys': page(() => import('./pages/keys.tsx')),
  ':region/keys/create': page(() => import('./pages/create-key.tsx')),
  ':region/keys/:keyId/import': page(() => import('./pages/import-material.tsx')),
  ':region/keys/:keyId/:tab': page(() => import('./pages/key.tsx')),
  ':region/cryptography/:tab': page(() => import('./pages/cryptography.tsx')),
  ':region/hsm': page(() => import('./pages/hsm.tsx')),
  ':region/events': page(() => import('./pages/events.tsx')),
  ':region/trails': page(() => import('./pages/trails.tsx')),
  'ram/users': page(() => import('./pages/ram/users.tsx')),
  'ram/users/:name/:tab': page(() => import('./pages/ram/user.tsx')),
  'ram/groups': page(() => import('./pages/ram/groups.tsx')),
  'ram/groups/:name/:tab': page(() => import('./pages/ram/group.tsx')),
  'ram/roles': page(() => import('./pages/ram/roles.tsx')),
  'ram/roles/:name/:tab': page(() => import('./pages/ram/role.tsx')),
  'ram/policies': page(() => import('./pages/ram/policies.tsx')),
  'ram/policies/create': page(() => import('./pages/ram/create-policy.tsx')),
  'ram/policies/:type/:name/:tab': page(() => import('./pages/ram/policy.tsx')),
  'ram/simulator': page(() => import('./pages/ram/simulator.tsx')),
  'ram/settings': page(() => import('./pages/ram/settings.tsx')),
  'ram/security': page(() => import('./pages/ram/security.tsx')),
  '*': page(() => import('./pages/missing.tsx')),
} as const

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

export function Application() {
  const preferences = usePreferences()
  const { language } = preferences
  const [locale, setLocale] = useState<object>()
  useEffect(() => {
    if (language === 'en') setLocale(undefined)
    else void import('./texts/antd-chinese.ts').then((loaded) => setLocale(loaded.default))
  }, [language])
  return (
    <ConfigProvider
      button={{ autoInsertSpace: false }}
      componentSize="medium"
      csp={csp}
      theme={themeOf(preferences.theme)}
      {...(locale ? { locale: locale as never } : {})}
    >
      <App>
        <LanguageProvider value={language}>
          <BrowserRouter basename="/console">
            <Gate preferences={preferences} />
          </BrowserRouter>
        </LanguageProvider>
      </App>
    </ConfigProvider>
  )
}

/** Asks for the session; without one the page to log on stands at every path, and leads back to it. */
function Gate({ preferences }: { readonly preferences: ReturnType<typeof usePreferences> }) {
  const [state, setState] = useState<Session | 'asked' | 'none' | 'over'>('asked')
  const [error, setError] = useState<Error | null>(null)
  // What one session read dies with it; so does, by the key below, what its pages show and its forms hold.
  const [client, setClient] = useState(newClient)
  const session = typeof state === 'string' ? null : state
  const become = (next: Session | 'none') => {
    setState(next)
    setClient(newClient())
  }
  const ask = () => {
    setError(null)
    request<{ readonly Session: Session }>('GET', 'session').then(
      (reply) => become(reply.Session),
      (thrown: Error) => (thrown instanceof Refusal && thrown.status === 401 ? become('none') : setError(thrown)),
    )
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once, when the application starts
  useEffect(() => {
    ask()
    const end = () => {
      setState((now) => (typeof now === 'object' || now === 'over' ? 'over' : 'none'))
      setClient(newClient())
    }
    sessionEnded.add(end)
    return () => void sessionEnded.delete(end)
  }, [])
  useSessionWatch(session, become)
  if (error) return <Refused again={ask} error={error} />
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
            {Object.entries(PAGES).map(([path, element]) => (
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
