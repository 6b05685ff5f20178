// The values of condition keys in a request (docs/reference/policy-language.md, "Condition keys").
import { type Caller, mfaPresent, principalArn } from '../api/caller.ts'
import type { Tags } from '../api/operation.ts'
import { isoSeconds } from '../api/time.ts'
import { conditionKey, isResourceTag, RESOURCE_TAG } from './policy/condition-key.ts'
import type { ConditionValues } from './policy/conditions.ts'

/** The facts of a call that conditions can test. */
export interface RequestFacts {
  readonly now: number
  readonly secureTransport: boolean
  readonly sourceAddress: string
  readonly requestTags: Tags
  /** Further keys of a product, such as sts:ExternalId. They take precedence over all others. */
  readonly further?: ReadonlyMap<string, string | readonly string[]>
}

const CURRENT_TIME = conditionKey('acs:CurrentTime')
const SECURE_TRANSPORT = conditionKey('acs:SecureTransport')
const SOURCE_IP = conditionKey('acs:SourceIp')
const MFA_PRESENT = conditionKey('acs:MFAPresent')
const PRINCIPAL_ARN = conditionKey('acs:PrincipalARN')
const REQUEST_TAG = conditionKey('acs:RequestTag/')

/**
 * The values for one resource of a call. Keys that do not apply (acs:SourceVpc; acs:MFAPresent with an AccessKey; …) are absent
 * (docs/reference/policy-language.md).
 */
export function conditionValues(facts: RequestFacts, caller: Caller, resourceTags: Tags): ConditionValues {
  return new ValuesOfResource(facts, caller, resourceTags)
}

class ValuesOfResource implements ConditionValues {
  readonly #facts: RequestFacts
  readonly #caller: Caller
  readonly #resourceTags: Tags
  /** The key that was asked for last: most policies have many statements about one. */
  #key: string | null = null
  #value: string | undefined

  constructor(facts: RequestFacts, caller: Caller, resourceTags: Tags) {
    this.#facts = facts
    this.#caller = caller
    this.#resourceTags = resourceTags
  }

  get(key: string): string | readonly string[] | undefined {
    if (this.#facts.further?.has(key)) return this.#facts.further.get(key)
    if (key !== this.#key) {
      this.#value = conditionValue(key, this.#facts, this.#caller, this.#resourceTags)
      this.#key = key
    }
    return this.#value
  }
}

function conditionValue(key: string, facts: RequestFacts, caller: Caller, resourceTags: Tags): string | undefined {
  switch (key) {
    case CURRENT_TIME:
      return isoSeconds(facts.now)
    case SECURE_TRANSPORT:
      return String(facts.secureTransport)
    case SOURCE_IP:
      return facts.sourceAddress
    case MFA_PRESENT:
      return mfaPresent(caller)?.toString()
    case PRINCIPAL_ARN:
      return caller.type === 'ram-user' || caller.type === 'assumed-role' ? principalArn(caller) : undefined
  }
  if (isResourceTag(key)) return tagValue(resourceTags, key.slice(RESOURCE_TAG.length))
  if (key.startsWith(REQUEST_TAG)) return tagValue(facts.requestTags, key.slice(REQUEST_TAG.length))
  return undefined
}

function tagValue(tags: Tags, wanted: string): string | undefined {
  return tags.find(([key]) => key === wanted)?.[1]
}
