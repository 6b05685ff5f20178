// Cloud products as callers: a product has a code, such as ecs, and is the service principal ecs.aliyuncs.com.
import { type Caller, servicePrincipal } from '../api/caller.ts'

const CODE = /^[a-z0-9-]{1,64}$/
const DOMAIN = '.aliyuncs.com'

/** The prefix of the aliases of service keys. Users can't create an alias that begins with alias/acs. */
export const SERVICE_ALIAS = 'alias/acs/'

/** The code of the product whose service key has this alias; null for aliases of users. */
export function productAliased(alias: string): string | null {
  const code = alias.startsWith(SERVICE_ALIAS) ? alias.slice(SERVICE_ALIAS.length) : ''
  return CODE.test(code) ? code : null
}

/** The service principal of the product with this code. */
export function principalOf(product: string): string {
  return product + DOMAIN
}

const KMS = principalOf('kms')
/** The key service as the caller of its own work. */
export const KMS_CALLER = { type: 'service', accountId: '', principalId: KMS, userName: KMS, accessKeyId: '' } as const

/** The code of the calling product, which uses its own credential or a session of a role that it assumed; null for any other caller. */
export function productOf(caller: Caller): string | null {
  const principal = servicePrincipal(caller)
  const code = principal?.endsWith(DOMAIN) ? principal.slice(0, -DOMAIN.length) : ''
  return CODE.test(code) ? code : null
}
