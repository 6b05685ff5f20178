import { Button, type ButtonProps, Tooltip } from 'antd'
import type { ReactElement, ReactNode } from 'react'
import type { Answer } from '../service/queries.ts'
import { useCommon } from '../texts/language.tsx'
import { Copy } from './mono.tsx'

export interface Permission {
  readonly answer: Answer
  readonly action: string
  /** The resources of the action; all must be allowed. */
  readonly resource: string | readonly string[]
}

type Props = Omit<ButtonProps, 'disabled'> & {
  /** The answers of the policies; absent: not asked. */
  readonly permission?: Permission | undefined
  /** Why it can't be done now, if policies allow it. */
  readonly because?: string | false | undefined
}

/** A button that shows why it is disabled: it stays focusable, so that keyboard users can read the reason. */
export function Do({ permission, because, onClick, children, ...rest }: Props) {
  const refused = permission && !permission.answer.Allowed
  if (!because && !refused)
    return (
      <Button {...rest} {...(onClick ? { onClick } : {})}>
        {children}
      </Button>
    )
  const { htmlType: _, danger: __, type, ...look } = rest
  return (
    <Off why={refused ? <WhyNot {...lackOf(permission)} /> : because}>
      <Button
        {...look}
        aria-disabled="true"
        className="is-off"
        type={type === 'link' || type === 'text' ? type : 'default'}
      >
        {children}
      </Button>
    </Off>
  )
}

/** Shows on hover and focus why its content is disabled. */
export function Off({ why, children }: { readonly why: ReactNode; readonly children: ReactElement }) {
  return (
    <Tooltip styles={{ root: { maxWidth: 420 } }} title={why} trigger={['hover', 'focus']}>
      {children}
    </Tooltip>
  )
}

/** Replaces content that the caller may not see. */
export function Unseen({ permission }: { readonly permission: Permission }) {
  return (
    <p className="unseen">
      <WhyNot {...lackOf(permission)} />
    </p>
  )
}

interface Lack {
  readonly action: string
  /** null where the denial does not name it. */
  readonly resource: string | readonly string[] | null
  /** Whether a statement denies the action, so that no other statement can allow it. */
  readonly isExplicit: boolean
}

/** Names the missing action, with the statement that would allow it. */
export function WhyNot({ action, resource, isExplicit }: Lack): ReactNode {
  const say = useCommon()
  if (resource === null) return say('refused.ask', { action })
  if (isExplicit) return say('refused.denied', { action, resource: [resource].flat().join(', ') })
  const statement = statementFor({ action, resource })
  return (
    <span>
      {say('refused.policy', { action })} <code className="mono">{statement}</code>
      <Copy label={say('refused.copy')} text={statement} />
    </span>
  )
}

/** The statement that would allow an action. */
export function statementFor({ action, resource }: Pick<Lack, 'action' | 'resource'>): string {
  return JSON.stringify({ Effect: 'Allow', Action: action, Resource: resource })
}

/** The missing part of a permission. */
export function lackOf({ answer, action, resource }: Permission): Lack {
  return { action, resource, isExplicit: answer.Decision === 'ExplicitDeny' }
}
