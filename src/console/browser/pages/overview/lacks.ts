// The calls that Overview must not make: each call that the caller's policies do not allow would leave a refusal in the trail.
import type { Permission } from '../../parts/allowed.tsx'
import { useArns } from '../../service/arns.ts'
import { type Question, useMayAsked } from '../../service/queries.ts'

/** The permission that the caller lacks for an action; null where the action is allowed. */
export type Lacks = (action: string, resource: string) => Permission | null

/** Finds the permissions that the caller lacks for the calls of Overview; null until they are known. */
export function useLacks(): Lacks | null {
  const arns = useArns()
  const questions: readonly Question[] = [
    { Action: 'kms:ListDueKeys', Resource: arns.kms('key') },
    { Action: 'kms:DescribeAccountQuotas', Resource: '*' },
    { Action: 'kms:InspectHsm', Resource: '*' },
    { Action: 'actiontrail:DescribeTrails', Resource: '*' },
    { Action: 'actiontrail:InspectEventChain', Resource: '*' },
    { Action: 'ram:GetAccountSummary', Resource: arns.ram('*') },
    { Action: 'ram:ListUsers', Resource: arns.ram('user/*') },
  ]
  const may = useMayAsked(questions)
  if (!may) return null
  return (action, resource) => {
    const answer = may(action, resource)
    return answer.Allowed ? null : { answer, action, resource }
  }
}
