// The settings of an account's RAM as a whole: alias, password policy, security preference.
import { refuse } from '../api/errors.ts'
import { type Change, INSTALLATION, insert, type Kind, type Recorded, remove, update } from '../ledger/record.ts'
import type { Reads } from './find.ts'
import type { RamContext } from './operation.ts'
import { ramScope } from './records.ts'

export interface PasswordPolicy {
  readonly MinimumPasswordLength: number
  readonly RequireLowercaseCharacters: boolean
  readonly RequireUppercaseCharacters: boolean
  readonly RequireNumbers: boolean
  readonly RequireSymbols: boolean
  readonly HardExpiry: boolean
  readonly MaxPasswordAge: number
  readonly PasswordReusePrevention: number
  readonly MaxLoginAttemps: number
}

export interface SecurityPreference {
  readonly EnableSaveMFATicket: boolean
  readonly AllowUserToChangePassword: boolean
  readonly AllowUserToManageAccessKeys: boolean
  readonly AllowUserToManageMFADevices: boolean
  readonly AllowUserToManagePublicKeys: boolean
  readonly LoginSessionDuration: number
  readonly LoginNetworkMasks: string
}

/** The part of the password policy that only IMS sets and shows. */
export interface FurtherPasswordRules {
  /** How many different characters a password has. */
  readonly MinimumPasswordDifferentCharacter: number
  readonly PasswordNotContainUserName: boolean
}

/** The part of the security preference that only IMS sets and shows. Of it, `mandatory` alone has an effect here. */
export interface FurtherPreference {
  readonly AllowUserToLoginWithPasskey: boolean
  readonly MFAOperationForLogin: 'mandatory' | 'independent' | 'adaptive'
  readonly OperationForRiskLogin: 'autonomous' | 'enforceVerify'
  readonly AllowUserToManagePersonalDingTalk: boolean
  readonly VerificationTypes: readonly string[]
  readonly MaxIdleDaysForUsers: number
  readonly MaxIdleDaysForAccessKeys: number
}

export interface AccountSettings {
  readonly alias: string
  readonly passwordPolicy: PasswordPolicy
  readonly furtherPasswordRules: FurtherPasswordRules
  readonly securityPreference: SecurityPreference
  readonly furtherPreference: FurtherPreference
}

const DEFAULTS: AccountSettings = {
  alias: '',
  passwordPolicy: {
    MinimumPasswordLength: 8,
    RequireLowercaseCharacters: false,
    RequireUppercaseCharacters: false,
    RequireNumbers: false,
    RequireSymbols: false,
    HardExpiry: false,
    MaxPasswordAge: 0,
    PasswordReusePrevention: 0,
    MaxLoginAttemps: 0,
  },
  furtherPasswordRules: { MinimumPasswordDifferentCharacter: 0, PasswordNotContainUserName: false },
  securityPreference: {
    EnableSaveMFATicket: false,
    AllowUserToChangePassword: true,
    AllowUserToManageAccessKeys: false,
    AllowUserToManageMFADevices: true,
    AllowUserToManagePublicKeys: false,
    LoginSessionDuration: 6,
    LoginNetworkMasks: '',
  },
  furtherPreference: {
    AllowUserToLoginWithPasskey: true,
    MFAOperationForLogin: 'independent',
    OperationForRiskLogin: 'autonomous',
    AllowUserToManagePersonalDingTalk: true,
    VerificationTypes: [],
    MaxIdleDaysForUsers: 730,
    MaxIdleDaysForAccessKeys: 730,
  },
}

const ACCOUNT_SETTINGS: Kind<AccountSettings> = { name: 'ram-account-settings', counted: false }
/** An alias belongs to one account of the installation; its record's id is the alias. */
export const ACCOUNT_ALIAS: Kind<{ readonly accountId: string }> = { name: 'account-alias', counted: false }
const SETTINGS_ID = 'settings'

async function stored({ ledger, caller }: Reads): Promise<Recorded<AccountSettings> | null> {
  return ledger.get(ACCOUNT_SETTINGS, ramScope(caller.accountId), SETTINGS_ID)
}

/** The account's settings, with defaults for what was never set. */
export async function accountSettings(context: Reads): Promise<AccountSettings> {
  return { ...DEFAULTS, ...(await stored(context))?.body }
}

/** The change that sets some of them. */
export async function changeSettings(some: Partial<AccountSettings>, context: RamContext): Promise<Change> {
  const record = await stored(context)
  const body = { ...DEFAULTS, ...record?.body, ...some }
  if (record) return update(record, { body })
  const place = { ...ramScope(context.caller.accountId), id: SETTINGS_ID, createdAt: context.now }
  return insert(ACCOUNT_SETTINGS, { ...place, body })
}

/**
 * The changes that give the account an alias in place of the one that it has; '' for none. Refuses with EntityAlreadyExists.AccountAlias
 * where another account has it.
 */
export async function aliasChanges(alias: string, context: RamContext): Promise<readonly Change[]> {
  const { alias: before } = await accountSettings(context)
  if (before === alias) return []
  const { ledger, caller, now } = context
  if (alias !== '' && (await ledger.get(ACCOUNT_ALIAS, INSTALLATION, alias)))
    throw refuse('EntityAlreadyExists.AccountAlias')
  const body = { accountId: caller.accountId }
  const taken = alias === '' ? [] : [insert(ACCOUNT_ALIAS, { ...INSTALLATION, id: alias, createdAt: now, body })]
  return [...taken, await changeSettings({ alias }, context), ...(await releasedAlias(before, context))]
}

/** The change that frees an alias for any account; none where the account has no alias (''). */
async function releasedAlias(alias: string, { ledger }: RamContext): Promise<readonly Change[]> {
  const record = alias === '' ? null : await ledger.get(ACCOUNT_ALIAS, INSTALLATION, alias)
  return record ? [remove(ACCOUNT_ALIAS, record)] : []
}
