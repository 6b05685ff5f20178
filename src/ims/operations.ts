// IMS's operations. Registering one is one line here.
import type { RamOperation } from '../ram/operation.ts'
import { AddClientIdToOIDCProvider } from './operations/add-client-id-to-oidc-provider.ts'
import { AddFingerprintToOIDCProvider } from './operations/add-fingerprint-to-oidc-provider.ts'
import { CreateOIDCProvider } from './operations/create-oidc-provider.ts'
import { DeleteOIDCProvider } from './operations/delete-oidc-provider.ts'
import { GetDefaultDomain } from './operations/get-default-domain.ts'
import { GetOIDCProvider } from './operations/get-oidc-provider.ts'
import { GetPasswordPolicy } from './operations/get-password-policy.ts'
import { GetSecurityPreference } from './operations/get-security-preference.ts'
import { ListOIDCProviders } from './operations/list-oidc-providers.ts'
import { RemoveClientIdFromOIDCProvider } from './operations/remove-client-id-from-oidc-provider.ts'
import { RemoveFingerprintFromOIDCProvider } from './operations/remove-fingerprint-from-oidc-provider.ts'
import { SetDefaultDomain } from './operations/set-default-domain.ts'
import { SetPasswordPolicy } from './operations/set-password-policy.ts'
import { SetSecurityPreference } from './operations/set-security-preference.ts'
import { UpdateOIDCProvider } from './operations/update-oidc-provider.ts'

export const imsOperations: readonly RamOperation[] = [
  CreateOIDCProvider,
  GetOIDCProvider,
  UpdateOIDCProvider,
  ListOIDCProviders,
  DeleteOIDCProvider,
  AddClientIdToOIDCProvider,
  RemoveClientIdFromOIDCProvider,
  AddFingerprintToOIDCProvider,
  RemoveFingerprintFromOIDCProvider,
  GetDefaultDomain,
  GetPasswordPolicy,
  GetSecurityPreference,
  SetDefaultDomain,
  SetPasswordPolicy,
  SetSecurityPreference,
]
