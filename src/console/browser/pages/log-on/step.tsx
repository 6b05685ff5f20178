// The steps of a log-on are no operations: nothing declares them, so their pages have the rules of their fields.
import { Button } from 'antd'
import type { ReactNode } from 'react'
import type { Session } from '../../service/session.tsx'

/** What the service says to a step: the session, or what it asks for next. */
export interface Reply {
  readonly Session?: Session
  readonly Next?: 'Code' | 'BindMFADevice' | 'NewPassword'
  readonly Ticket?: string
  readonly Base32StringSeed?: string
  readonly QRCodePNG?: string
  readonly PasswordPolicy?: Readonly<Record<string, number | boolean>>
}

/** What the page of each step gets: `step` sends the body of the step. */
export interface StepProps {
  readonly busy: boolean
  readonly step: (body: object) => Promise<unknown>
  readonly reply?: Reply
}

/** The button of a step. */
export function Submit({ busy, children }: { readonly busy: boolean; readonly children: ReactNode }) {
  return (
    <Button block htmlType="submit" loading={busy} type="primary">
      {children}
    </Button>
  )
}
