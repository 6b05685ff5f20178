// The paths of pages. A path never ends in a user's text, because the service treats a last part with a dot as a file.

const part = encodeURIComponent

export const paths = {
  overview: (region: string) => `/${region}/overview`,
  keys: (region: string) => `/${region}/keys`,
  newKey: (region: string) => `/${region}/keys/create`,
  key: (region: string, id: string, tab = 'details') => `/${region}/keys/${part(id)}/${tab}`,
  importMaterial: (region: string, id: string) => `/${region}/keys/${part(id)}/import`,
  secrets: (region: string) => `/${region}/secrets`,
  newSecret: (region: string) => `/${region}/secrets/create`,
  secret: (region: string, name: string, tab = 'details') => `/${region}/secrets/${part(name)}/${tab}`,
  cryptography: (region: string, tab = 'encrypt', keyId = '') =>
    `/${region}/cryptography/${tab}${keyId && `?key=${part(keyId)}`}`,
  hsm: (region: string) => `/${region}/hsm`,
  events: (region: string, query: Readonly<Record<string, string>> = {}) => {
    const search = new URLSearchParams(query).toString()
    return `/${region}/events${search && `?${search}`}`
  },
  trails: (region: string) => `/${region}/trails`,
  users: '/ram/users',
  user: (name: string, tab = 'details') => `/ram/users/${part(name)}/${tab}`,
  groups: '/ram/groups',
  group: (name: string, tab = 'members') => `/ram/groups/${part(name)}/${tab}`,
  roles: '/ram/roles',
  role: (name: string, tab = 'details') => `/ram/roles/${part(name)}/${tab}`,
  oidcProviders: '/ram/oidc-providers',
  oidcProvider: (name: string) => `/ram/oidc-providers/${part(name)}/details`,
  policies: '/ram/policies',
  newPolicy: '/ram/policies/create',
  policy: (type: string, name: string, tab = 'document') => `/ram/policies/${type}/${part(name)}/${tab}`,
  simulator: '/ram/simulator',
  settings: '/ram/settings',
  security: '/ram/security',
} as const
