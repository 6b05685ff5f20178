// The operations of STS.
import type { StsOperation } from './operation.ts'
import { AssumeRole } from './operations/assume-role.ts'
import { AssumeRoleWithOIDC } from './operations/assume-role-with-oidc.ts'
import { GetCallerIdentity } from './operations/get-caller-identity.ts'

export const stsOperations: readonly StsOperation[] = [AssumeRole, AssumeRoleWithOIDC, GetCallerIdentity]
