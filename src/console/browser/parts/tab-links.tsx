import type { ReactNode } from 'react'
import { Link } from 'react-router'

export interface Tab {
  readonly key: string
  readonly label: string
  readonly content: () => ReactNode
}

interface Props {
  readonly label: string
  readonly tabs: readonly Tab[]
  readonly at: string
  readonly to: (key: string) => string
}

/** Parts of a page, each with its own address. */
export function TabLinks({ label, tabs, at, to }: Props) {
  const here = tabs.find(({ key }) => key === at) ?? tabs[0]
  return (
    <>
      <nav aria-label={label} className="tabs">
        {tabs.map((tab) => (
          <Link aria-current={tab === here ? 'page' : undefined} key={tab.key} to={to(tab.key)}>
            {tab.label}
          </Link>
        ))}
      </nav>
      {here?.content()}
    </>
  )
}
