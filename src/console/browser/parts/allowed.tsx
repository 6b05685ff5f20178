import { Button, type ButtonProps, Tooltip } from 'antd'
import type { ReactElement, ReactNode } from 'react'
import type { Answer } from '../service/queries.ts'
import { useCommon } from '../texts/language.tsx'
import { Copy } from './mono.tsx'

export interface Permission {
  readonly answer: Answer
  readonly action: string
  /** What the action is asked on; all of them, where there are several. */
  readonly resource: string | readonly string[]
}

type Props = Omit<ButtonProps, 'disabled'> & {
  /** What the policies say; none: nothing was asked. */
  readonly permission?: Permission | undefined
  /** Why it can't be done now, where policies allow it. */
  readonly because?: string | false | undefined
}

/** A button that says why it is off: it stays in the order of the keyboard, so that everyone can learn the reason. */
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

/** Says why what is inside is off, where the pointer or the focus is on it. */
export function Off({ why, children }: { readonly why: ReactNode; readonly children: ReactElement }) {
  return (
    <Tooltip styles={{ root: { maxWidth: 420 } }} title={why} trigger={['hover', 'focus']}>
      {children}
    </Tooltip>
  )
}

/** Stands in the place of what the caller may not see. */
export function Unseen({ permission }: { readonly permission: Permission }) {
  return (
    <p className="unseen">
      <WhyNot {...lackOf(permission)} />
    </p>
  )
}

interface Lack {
  readonly action: string
  /** Null where nobody said it. */
  readonly resource: string | readonly string[] | null
  /** Whether a statement denies the action, so that no other one could allow it. */
  readonly isExplicit: boolean
}

/** Names the action that is missing, with the statement that would allow it. */
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

/** What a permission lacks. */
export function lackOf({ answer, action, resource }: Permission): Lack {
  return { action, resource, isExplicit: answer.Decision === 'ExplicitDeny' }
}
