// The account-wide settings of RAM: alias, password policy, security preference.
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
interface FurtherPasswordRules {
  /** How many different characters a password must have. */
  readonly MinimumPasswordDifferentCharacter: number
  readonly PasswordNotContainUserName: boolean
}

/** The part of the security preference that only IMS sets and shows. Only MFAOperationForLogin `mandatory` has an effect. */
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
/** An account alias; its record's id is the alias, so an alias belongs to one account of the installation. */
export const ACCOUNT_ALIAS: Kind<{ readonly accountId: string }> = { name: 'account-alias', counted: false }
const SETTINGS_ID = 'settings'

async function stored({ ledger, caller }: Reads): Promise<Recorded<AccountSettings> | null> {
  return ledger.get(ACCOUNT_SETTINGS, ramScope(caller.accountId), SETTINGS_ID)
}

/** The account's settings, with defaults for settings that were never set. */
export async function accountSettings(context: Reads): Promise<AccountSettings> {
  return { ...DEFAULTS, ...(await stored(context))?.body }
}

/** The change that sets some of the account's settings. */
export async function changeSettings(some: Partial<AccountSettings>, context: RamContext): Promise<Change> {
  const record = await stored(context)
  const body = { ...DEFAULTS, ...record?.body, ...some }
  if (record) return update(record, { body })
  const place = { ...ramScope(context.caller.accountId), id: SETTINGS_ID, createdAt: context.now }
  return insert(ACCOUNT_SETTINGS, { ...place, body })
}

/**
 * The changes that replace the account's alias; '' removes it. Refuses with EntityAlreadyExists.AccountAlias where another account has the
 * alias.
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

/** The change that frees an alias for other accounts; none for '', which means no alias. */
async function releasedAlias(alias: string, { ledger }: RamContext): Promise<readonly Change[]> {
  const record = alias === '' ? null : await ledger.get(ACCOUNT_ALIAS, INSTALLATION, alias)
  return record ? [remove(ACCOUNT_ALIAS, record)] : []
}
