import { Component, type ReactNode } from 'react'
import { Refused } from './refused.tsx'

interface Props {
  readonly children: ReactNode
}

/** Wraps a page. If the page fails, or its script can't be loaded, it shows an error inside the frame. */
export class PageBoundary extends Component<Props, { readonly error: Error | null }> {
  override state: { readonly error: Error | null } = { error: null }

  static getDerivedStateFromError(thrown: unknown) {
    return { error: thrown instanceof Error ? thrown : new Error(String(thrown)) }
  }

  override render(): ReactNode {
    const { error } = this.state
    return error ? <Refused error={error} /> : this.props.children
  }
}
