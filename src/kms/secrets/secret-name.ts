// The names of secrets in calls: a name, or the ARN of a secret.

import { parseArn } from '../../api/arn.ts'
import { refuse } from '../../api/errors.ts'
import type { Resource } from '../../api/operation.ts'
import { parameter, shaped, text } from '../../api/parameters.ts'
import { andThen, type MaybePromise } from '../../runtime/maybe-promise.ts'
import { onceFor } from '../../runtime/once-for.ts'
import { kmsArn } from '../key-resource.ts'
import type { KmsContext } from '../operation.ts'
import { SECRET, type Secret, type SecretBody } from './records.ts'
import { secretAt } from './secret-state.ts'

type Reads = Pick<KmsContext, 'scope' | 'ledger' | 'now'>

/** The SecretName in CreateSecret with which the service chooses the name of the secret. */
export const AUTO_NAME = '$Auto'

/** How the names of secrets of type ECS begin in the cloud. Such a secret is refused for its type, not for its name. */
export const ECS_PREFIX = 'acs/ecs/'

const MAX_NAME_BYTES = 192
const NAME = /^[A-Za-z0-9\p{Script=Han}_/+=.@-]{1,192}$/u
/** Most names, in which a character is a byte. */
const ASCII_NAME = /^[A-Za-z0-9_/+=.@-]{1,192}$/
const PREFIX = 'secret/'

const NAME_RULE = `1 to ${MAX_NAME_BYTES} letters, digits, Chinese characters, _, /, +, =, ., - or @; a Chinese character counts as three. It does not start with acs/, but is $Auto for a secret of type RAMCredentials.`

/** The parameter SecretName of operations on a secret that exists. */
export const secretName = text({ max: 512, rule: 'The name of a secret, or its ARN.' })

/** The parameter SecretName of a new secret. */
export const newSecretName = shaped(
  parameter<string>(
    'text',
    NAME_RULE,
    (name) => refuse('InvalidParameter', { name, rule: NAME_RULE }),
    (given) => (given === AUTO_NAME || (isSecretName(given) && !isReserved(given)) ? given : null),
  ),
  { mostBytes: MAX_NAME_BYTES, pattern: `${NAME.source}|^\\${AUTO_NAME}$` },
)

function isReserved(name: string): boolean {
  return name.startsWith('acs/') && !name.startsWith(ECS_PREFIX)
}

/** Whether a secret may have this name. */
export function isSecretName(name: string): boolean {
  return ASCII_NAME.test(name) || (NAME.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES)
}

/** Returns the plain name; null for an ARN that is not of a secret in this account and region. */
function plainName(given: string, { scope }: Pick<Reads, 'scope'>): string | null {
  const arn = parseArn(given)
  if (!arn) return given
  const isOwn = arn.service === 'kms' && arn.region === scope.region && arn.account === scope.account
  return isOwn && arn.resource.startsWith(PREFIX) ? arn.resource.slice(PREFIX.length) : null
}

/** A secret: its record, and its body at the time of the call. */
export interface FoundSecret {
  readonly record: Secret
  readonly body: SecretBody
}

/** Returns the secret of a name or ARN. Refuses with Forbidden.ResourceNotFound. */
export function findSecret(given: string, context: Reads): MaybePromise<FoundSecret> {
  return andThen(secretOrNull(given, context), (found) => {
    if (!found) throw refuse('Forbidden.ResourceNotFound')
    return found
  })
}

/** Returns the secret of a name or ARN, or null. */
export function secretOrNull(given: string, context: Reads): MaybePromise<FoundSecret | null> {
  return andThen(recordOf(plainName(given, context), context), (record) => record && foundAt(record, context))
}

function foundAt(record: Secret, { now }: Reads): FoundSecret | null {
  const body = secretAt(record.body, now)
  return body && { record, body }
}

function recordOf(name: string | null, { ledger, scope }: Reads): MaybePromise<Secret | null> {
  return name !== null && isSecretName(name) ? ledger.get(SECRET, scope, name) : null
}

/** Locates the secret that the parameter SecretName names. */
export async function locateSecret(
  { SecretName }: { readonly SecretName: string },
  context: Reads,
): Promise<readonly Resource[]> {
  return [await secretResource(SecretName, context)]
}

/** Returns the resource of a named secret, with its tags; the secret need not exist. */
export function secretResource(given: string, context: Reads): MaybePromise<Resource> {
  return andThen(locatedSecret(given, context), ({ resource }) => resource)
}

/** The resource of a named secret, and the secret if it exists. */
interface LocatedSecret {
  readonly resource: Resource
  readonly found: FoundSecret | null
}

/** Returns the resource of a named secret as secretResource does, and the secret; null where it does not exist. */
export function locatedSecret(given: string, context: Reads): MaybePromise<LocatedSecret> {
  const name = plainName(given, context)
  if (name === null) return { resource: { type: 'ACS::KMS::Secret', name: given, arn: given }, found: null }
  return andThen(recordOf(name, context), (record): LocatedSecret => {
    if (!record) return { resource: newSecretResource(name, context), found: null }
    return { resource: resourceOf(record), found: foundAt(record, context) }
  })
}

/** The resource of a secret that exists. */
const resourceOf = onceFor((record: Secret): Resource => {
  const { tags } = record.body
  return { ...newSecretResource(record.id, { scope: record }), ...(tags.length > 0 && { tags }) }
})

/** Returns the resource of a secret that this call creates. */
export function newSecretResource(name: string, context: Pick<Reads, 'scope'>): Resource {
  return { type: 'ACS::KMS::Secret', name, arn: secretArn(name, context) }
}

/** Returns the resource of calls that name no secret. Only a policy on all secrets allows such a call. */
export function anySecretResource(context: Pick<Reads, 'scope'>): Resource {
  return { type: '', name: '', arn: secretArn('*', context) }
}

/** Returns the resource that stands for every secret of the account and region, for calls whose reply reveals something about each secret. */
export function everySecretResource(context: Pick<Reads, 'scope'>): Resource {
  return { ...anySecretResource(context), every: true }
}

export function secretArn(name: string, context: Pick<Reads, 'scope'>): string {
  return kmsArn(context, `${PREFIX}${name}`)
}
