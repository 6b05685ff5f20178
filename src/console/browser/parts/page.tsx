import { Breadcrumb, Skeleton } from 'antd'
import { type ReactNode, useEffect } from 'react'
import { Link } from 'react-router'
import { Calls } from './calls.tsx'
import { Refused } from './refused.tsx'

interface Props {
  readonly title: ReactNode
  /** The title of the window. It must not contain a secret. */
  readonly name: string
  readonly lead?: ReactNode
  readonly actions?: ReactNode
  readonly crumbs?: readonly { readonly label: string; readonly to: string }[]
  readonly children: ReactNode
}

/** A page: its path, its title, its actions, its content, and the calls that it made. */
export function Page({ title, name, lead, actions, crumbs, children }: Props) {
  useEffect(() => {
    document.title = `${name} · Strongroom`
  }, [name])
  return (
    <>
      {crumbs && (
        <Breadcrumb
          items={[...crumbs.map(({ label, to }) => ({ title: <Link to={to}>{label}</Link> })), { title: name }]}
        />
      )}
      <header className="page-head">
        <div>
          <h1>{title}</h1>
          {lead && <p className="lead">{lead}</p>}
        </div>
        {actions && <div className="page-actions">{actions}</div>}
      </header>
      {children}
      <Calls />
    </>
  )
}

/** A result of react-query. */
export interface Reading {
  readonly error: Error | null
  readonly isPending: boolean
  refetch(): unknown
}

/** Shows the state of a read: in progress, failed, or its content. */
export function Ready({ of, children }: { readonly of: Reading; readonly children: () => ReactNode }) {
  if (of.error) return <Refused again={() => void of.refetch()} error={of.error} />
  if (of.isPending) return <Skeleton active paragraph={{ rows: 6 }} />
  return children()
}

/** A part of a page with its own heading. */
export function Section({
  title,
  actions,
  children,
}: {
  readonly title: string
  readonly actions?: ReactNode
  readonly children: ReactNode
}) {
  return (
    <section aria-label={title} className="section">
      <header className="section-head">
        <h2>{title}</h2>
        {actions && <div className="section-actions">{actions}</div>}
      </header>
      {children}
    </section>
  )
}

/** Pairs of a name and a value. Omits pairs with an undefined value. */
export function Facts({ of }: { readonly of: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts wide">
      {of
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}

/** The text for an empty page or list, and the next step. */
export function Nothing({ text, children }: { readonly text: string; readonly children?: ReactNode }) {
  return (
    <div className="nothing">
      <p>{text}</p>
      {children}
    </div>
  )
}
