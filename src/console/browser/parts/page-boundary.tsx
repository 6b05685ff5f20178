import { Component, type ReactNode } from 'react'
import { useLocation } from 'react-router'
import { Refused } from './refused.tsx'

interface Props {
  readonly children: ReactNode
}

/**
 * Wraps a page. If the page fails, or its script can't be loaded, it shows an error inside the frame. The next navigation shows the page
 * again, also to the same page with other parameters.
 */
export function PageBoundary({ children }: Props) {
  return <Boundary visit={useLocation().key}>{children}</Boundary>
}

interface State {
  /** The visit (the key of the browser's location) that `error` is of. */
  readonly visit: string
  readonly error: Error | null
}

class Boundary extends Component<Props & { readonly visit: string }, State> {
  override state: State = { visit: this.props.visit, error: null }

  static getDerivedStateFromProps({ visit }: { readonly visit: string }, state: State): State | null {
    return visit === state.visit ? null : { visit, error: null }
  }

  static getDerivedStateFromError(thrown: unknown): Pick<State, 'error'> {
    return { error: thrown instanceof Error ? thrown : new Error(String(thrown)) }
  }

  override render(): ReactNode {
    const { error } = this.state
    return error ? <Refused error={error} /> : this.props.children
  }
}
