import { Breadcrumb, Skeleton } from 'antd'
import { type ReactNode, useEffect } from 'react'
import { Link } from 'react-router'
import { Calls } from './calls.tsx'
import { Refused } from './refused.tsx'

interface Props {
  readonly title: ReactNode
  /** What the window is called: never a secret. */
  readonly name: string
  readonly lead?: ReactNode
  readonly actions?: ReactNode
  readonly crumbs?: readonly { readonly label: string; readonly to: string }[]
  readonly children: ReactNode
}

/** A page: where it stands, what it is, what can be done, its content, and the calls that it makes. */
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

/** What reads: an answer of react-query. */
export interface Reading {
  readonly error: Error | null
  readonly isPending: boolean
  refetch(): unknown
}

/** What a page shows while it reads, and when it can't. */
export function Ready({ of, children }: { readonly of: Reading; readonly children: () => ReactNode }) {
  if (of.error) return <Refused again={() => void of.refetch()} error={of.error} />
  if (of.isPending) return <Skeleton active paragraph={{ rows: 6 }} />
  return children()
}

/** A part of a page with a heading of its own. */
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

/** Facts as pairs of a name and a value; a value that is undefined is left out. */
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

/** Nothing to show, and the next step. */
export function Nothing({ text, children }: { readonly text: string; readonly children?: ReactNode }) {
  return (
    <div className="nothing">
      <p>{text}</p>
      {children}
    </div>
  )
}
