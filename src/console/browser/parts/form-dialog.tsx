import { Drawer, Form } from 'antd'
import { type ReactNode, useEffect, useRef } from 'react'
import { useAttempt } from '../service/attempt.ts'
import type { OperationName } from '../service/declarations.ts'
import { Do, type Permission } from './allowed.tsx'
import { OperationForm, UnplacedRefusal } from './operation-form.tsx'
import { useReturnedFocus } from './return-focus.ts'

interface Props<T extends object> {
  readonly title: string
  readonly verb: string
  /** The operation whose parameters are the fields. */
  readonly of: OperationName
  readonly initial?: Partial<T>
  readonly permission?: Permission | undefined
  readonly run: (values: T) => Promise<unknown>
  readonly close: () => void
  /** Navigates after success; without it, the panel closes. */
  readonly done?: (values: T) => void
  readonly children: ReactNode
}

/** A form in a panel. The panel closes after success, and shows a refusal. */
export function FormDialog<T extends object>({
  title,
  verb,
  of,
  initial = {},
  permission,
  run,
  close,
  done = close,
  children,
}: Props<T>) {
  useReturnedFocus()
  const [form] = Form.useForm<T>()
  const attempt = useAttempt()
  const submit = async (values: T) => {
    if (await attempt.run(() => run(values))) done(values)
  }
  return (
    <Drawer
      // Otherwise the panel would take the focus away from the first field.
      autoFocus={false}
      destroyOnHidden
      extra={
        <Do loading={attempt.busy} onClick={() => form.submit()} permission={permission} type="primary">
          {verb}
        </Do>
      }
      onClose={close}
      open
      size={480}
      title={title}
    >
      <OperationForm<T>
        error={attempt.error}
        form={form}
        initial={initial}
        of={of}
        onFinish={(values) => void submit(values)}
      >
        {children}
        <UnplacedRefusal />
        <FocusOnFirstField />
        {/* The visible button is outside of the form. Enter in a field needs this one. */}
        {permission?.answer.Allowed !== false && <button hidden type="submit" />}
      </OperationForm>
    </Drawer>
  )
}

const FIELD = 'input:not([hidden], [disabled]), textarea:not([disabled]), [role=switch]:not([disabled])'

/** Moves the focus to the first field of the surrounding form when the fields are rendered. */
function FocusOnFirstField() {
  const here = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    here.current?.closest('form')?.querySelector<HTMLElement>(FIELD)?.focus({ preventScroll: true })
  }, [])
  return <span hidden ref={here} />
}
