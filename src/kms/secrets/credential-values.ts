// Credentials as JSON: those that CreateSecret is given in SecretData, and the one that the value of a version is.
import { isJsonObject, jsonObjectIn } from '../../runtime/json.ts'

/** A credential: its id (an AccessKeyId, or the name of an account in a database), and its secret. */
export type Credential = readonly [id: string, secret: string]

/** The AccessKeys in SecretData of type RAMCredentials; null where the text has another form. */
export function givenAccessKeys(secretData: string): readonly Credential[] | null {
  return credentialsIn(secretData, 'AccessKeys', 'AccessKeyId', 'AccessKeySecret')
}

/** The accounts in SecretData of type Rds; null where the text has another form. */
export function givenAccounts(secretData: string): readonly Credential[] | null {
  return credentialsIn(secretData, 'Accounts', 'AccountName', 'AccountPassword')
}

/** The value of a version of type RAMCredentials, as its clients read it. */
export function accessKeyValue(AccessKeyId: string, AccessKeySecret: string, now: number): string {
  return JSON.stringify({ AccessKeyId, AccessKeySecret, GenerateTimestamp: new Date(now).toISOString() })
}

/** The value of a version of type Rds, as its clients read it. */
export function accountValue(AccountName: string, AccountPassword: string): string {
  return JSON.stringify({ AccountName, AccountPassword })
}

/** Returns the password in the value of a version of type Rds. */
export function passwordIn(value: string): string {
  return (JSON.parse(value) as { readonly AccountPassword: string }).AccountPassword
}

/** The items of the list in a JSON object: at least one item, each with exactly these two members; ids are unique. null otherwise. */
function credentialsIn(text: string, list: string, id: string, secret: string): readonly Credential[] | null {
  const items = jsonObjectIn(text)?.[list]
  if (!Array.isArray(items)) return null
  const found: Credential[] = []
  for (const item of items as readonly unknown[]) {
    const { [id]: name, [secret]: value, ...others } = isJsonObject(item) ? item : {}
    if (typeof name !== 'string' || name === '' || typeof value !== 'string') return null
    if (Object.keys(others).length > 0) return null
    found.push([name, value])
  }
  const ids = new Set(found.map(([name]) => name))
  return found.length > 0 && ids.size === found.length ? found : null
}
