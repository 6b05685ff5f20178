// Which page is at which path. Each page is a chunk of its own.
import { type ComponentType, lazy } from 'react'
import { matchRoutes } from 'react-router'

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

/** The element of each page, by its path. */
export const PAGES = Object.entries<LoadPage>(LOADS).map(([path, load]) => {
  const Page = lazy(load)
  return { path, element: <Page /> }
})

const ROUTES = Object.keys(LOADS).map((path) => ({ path, id: path as keyof typeof LOADS }))

/** Begins to load the page at a path of the application, while the session is still asked for. `/` leads to the overview. */
export function loadAhead(pathname: string): void {
  const id = pathname === '/' ? ':region/overview' : (matchRoutes(ROUTES, pathname)?.[0]?.route.id ?? '*')
  // The route loads it again, and shows why that fails.
  LOADS[id]().catch(() => null)
}
