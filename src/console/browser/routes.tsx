// Which page is at which path. Each page is a chunk of its own.
import { type ComponentType, lazy } from 'react'
import { matchRoutes } from 'react-router'

/** Where the application is on its server. */
export const BASE = '/console'

type LoadPage = () => Promise<{ readonly default: ComponentType }>

const LOADS = {
  ':region/overview': () => import('./pages/overview.tsx'),
  ':region/keys': () => import('./pages/keys.tsx'),
  ':region/keys/create': () => import('./pages/create-key.tsx'),
  ':region/keys/:keyId/import': () => import('./pages/import-material.tsx'),
  ':region/keys/:keyId/:tab': () => import('./pages/key.tsx'),
  ':region/secrets': () => import('./pages/secrets.tsx'),
  ':region/secrets/create': () => import('./pages/create-secret.tsx'),
  ':region/secrets/:secretName/:tab': () => import('./pages/secret.tsx'),
  ':region/cryptography/:tab': () => import('./pages/cryptography.tsx'),
  ':region/hsm': () => import('./pages/hsm.tsx'),
  ':region/events': () => import('./pages/events.tsx'),
  ':region/trails': () => import('./pages/trails.tsx'),
  'ram/users': () => import('./pages/ram/users.tsx'),
  'ram/users/:name/:tab': () => import('./pages/ram/user.tsx'),
  'ram/groups': () => import('./pages/ram/groups.tsx'),
  'ram/groups/:name/:tab': () => import('./pages/ram/group.tsx'),
  'ram/roles': () => import('./pages/ram/roles.tsx'),
  'ram/roles/:name/:tab': () => import('./pages/ram/role.tsx'),
  'ram/oidc-providers': () => import('./pages/ram/oidc-providers.tsx'),
  'ram/oidc-providers/:name/:tab': () => import('./pages/ram/oidc-provider.tsx'),
  'ram/policies': () => import('./pages/ram/policies.tsx'),
  'ram/policies/create': () => import('./pages/ram/create-policy.tsx'),
  'ram/policies/:type/:name/:tab': () => import('./pages/ram/policy.tsx'),
  'ram/simulator': () => import('./pages/ram/simulator.tsx'),
  'ram/settings': () => import('./pages/ram/settings.tsx'),
  'ram/security': () => import('./pages/ram/security.tsx'),
  'command-line': () => import('./pages/command-line.tsx'),
  device: () => import('./pages/device.tsx'),
  '*': () => import('./pages/missing.tsx'),
} as const satisfies Readonly<Record<string, LoadPage>>

type PagePath = keyof typeof LOADS
const PATHS = Object.keys(LOADS) as PagePath[]

const LAZY = new Map<PagePath, ComponentType>(PATHS.map((path) => [path, lazy<ComponentType>(LOADS[path])]))

/** The page that was loaded before the first rendering. */
const ahead = new Map<PagePath, ComponentType>()

function Page({ path }: { readonly path: PagePath }) {
  const Loaded = ahead.get(path) ?? LAZY.get(path)
  return Loaded && <Loaded />
}

/** The element of each page, by its path. */
export const PAGES = PATHS.map((path) => ({ path, element: <Page path={path} /> }))

const ROUTES = PATHS.map((path) => ({ path, id: path }))

/** Loads the page at a path of the server, so that it is there when the application is first rendered. */
export async function loadAhead(pathname: string): Promise<void> {
  const path = pathname.slice(BASE.length) || '/'
  // This path redirects to the overview.
  const id = path === '/' ? ':region/overview' : (matchRoutes(ROUTES, path)?.[0]?.route.id ?? '*')
  try {
    ahead.set(id, (await LOADS[id]()).default)
  } catch {
    // The route loads it again, and shows why that fails.
  }
}
