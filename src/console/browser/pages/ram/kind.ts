import type { Product } from '../../service/call.ts'

/** The kinds of objects that RAM and IMS create and delete, as in the names of operations and parameters. */
export type Kind = 'User' | 'Group' | 'Role' | 'Policy' | 'OIDCProvider'

/** The product whose operations create and delete it, the prefix of the actions, and the type in ARNs. */
export const KINDS: Readonly<Record<Kind, { product: Product; service: string; resource: string }>> = {
  User: { product: 'Ram', service: 'ram', resource: 'user' },
  Group: { product: 'Ram', service: 'ram', resource: 'group' },
  Role: { product: 'Ram', service: 'ram', resource: 'role' },
  Policy: { product: 'Ram', service: 'ram', resource: 'policy' },
  OIDCProvider: { product: 'Ims', service: 'ims', resource: 'oidc-provider' },
}
