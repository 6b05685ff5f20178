// The steps of a log-on are not operations and have no declaration, so their pages define the rules of their fields.
import { Button } from 'antd'
import type { ReactNode } from 'react'
import type { Session } from '../../service/session.tsx'

/** The service's reply to a step: the session, or the next step. */
export interface Reply {
  readonly Session?: Session
  readonly Next?: 'Code' | 'BindMFADevice' | 'NewPassword'
  readonly Ticket?: string
  readonly Base32StringSeed?: string
  readonly QRCodePNG?: string
  readonly PasswordPolicy?: Readonly<Record<string, number | boolean>>
}

/** The properties of the page of a step. `step` sends the body of the step. */
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
