import type { Product } from '../../service/call.ts'

/** What RAM and IMS create and delete, as names of their operations and parameters have it. */
export type Kind = 'User' | 'Group' | 'Role' | 'Policy' | 'OIDCProvider'

/** Whose operations create and delete it, what actions begin with, and how ARNs call it. */
export const KINDS: Readonly<Record<Kind, { product: Product; service: string; resource: string }>> = {
  User: { product: 'Ram', service: 'ram', resource: 'user' },
  Group: { product: 'Ram', service: 'ram', resource: 'group' },
  Role: { product: 'Ram', service: 'ram', resource: 'role' },
  Policy: { product: 'Ram', service: 'ram', resource: 'policy' },
  OIDCProvider: { product: 'Ims', service: 'ims', resource: 'oidc-provider' },
}
