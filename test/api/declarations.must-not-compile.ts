// Wrong declarations that the compiler must refuse. `npm run check` compiles this file: where one of these mistakes compiles, its
// `@ts-expect-error` is an error itself. Nothing runs it.
import { refuse } from '../../src/api/errors.ts'
import { operationsOf } from '../../src/api/operation.ts'
import { integer, optional, text } from '../../src/api/parameters.ts'
import { KMS } from '../../src/api/product.ts'

const operation = operationsOf<{ readonly now: number }, never>(KMS)

/** Right in every member; each mistake below replaces one. */
const right = {
  name: 'Rename',
  summary: 'Renames a key.',
  source: '',
  parameters: { KeyId: text({ max: 256 }), Count: optional(integer({ min: 1, max: 9 }), null) },
  access: 'Write',
  trail: { show: ['KeyId'], reply: [] },
  refusals: ['Forbidden.KeyNotFound'],
  locate: async () => [],
  decide: async () => ({ reply: {}, changes: [] }),
} as const

export const compiles = operation(right)

// @ts-expect-error A parameter in trail.show that is not declared.
export const misspeltInTrail = operation({ ...right, trail: { show: ['KeyID'], reply: [] } })

// @ts-expect-error A refusal that is no code of the catalogue.
export const noSuchCode = operation({ ...right, refusals: ['Forbidden.KeyNotfound'] })

// @ts-expect-error An access that is neither Read nor Write.
export const noSuchAccess = operation({ ...right, access: 'Change' })

// @ts-expect-error A quota's refusal that is none of LimitExceeded.
export const noQuota = operation({ ...right, quotaRefusal: 'Forbidden.KeyNotFound' })

// @ts-expect-error An action that does not follow from product and name.
export const ownAction = operation({ ...right, action: 'kms:Other' })

export const misspeltInDecide = operation({
  ...right,
  // @ts-expect-error A parameter in decide that is not declared.
  decide: async ({ KeyID }) => ({ reply: { KeyID }, changes: [] }),
})

export const misspeltInLocate = operation({
  ...right,
  // @ts-expect-error A parameter in locate that is not declared.
  locate: async ({ Key }) => [{ type: 'ACS::KMS::Key', name: Key, arn: '' }],
})

export const absent = operation({
  ...right,
  // @ts-expect-error An optional parameter that is used as if it were always there.
  decide: async ({ Count }) => ({ reply: { Next: Count + 1 }, changes: [] }),
})

export const otherContext = operation({
  ...right,
  // @ts-expect-error Something that the product's context does not have.
  decide: async (_, { keystore }) => ({ reply: { keystore }, changes: [] }),
})

// @ts-expect-error A message whose slot is not filled.
export const unfilled = () => refuse('InvalidParameter', { name: 'KeyId' })

// @ts-expect-error A slot that the message does not have.
export const overfilled = () => refuse('Forbidden.KeyNotFound', { name: 'KeyId' })
