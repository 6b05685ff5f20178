import { Drawer, Form, type FormInstance } from 'antd'
import type { ReactNode } from 'react'
import { useAttempt } from '../service/attempt.ts'
import { useCommon } from '../texts/language.tsx'
import { Do, type Permission } from './allowed.tsx'
import { Refused } from './refused.tsx'

interface Props<T extends object> {
  readonly title: string
  readonly verb: string
  readonly initial?: Partial<T>
  readonly permission?: Permission | undefined
  readonly run: (values: T) => Promise<unknown>
  readonly close: () => void
  /** Where to go when the service accepted; the panel closes otherwise. */
  readonly done?: (values: T) => void
  readonly width?: number
  readonly children: ReactNode | ((form: FormInstance<T>) => ReactNode)
}

/** A form in a panel: it closes when the service accepted, and shows at this place what the service refused. */
export function FormDialog<T extends object>({
  title,
  verb,
  initial,
  permission,
  run,
  close,
  done = close,
  width = 480,
  children,
}: Props<T>) {
  const say = useCommon()
  const [form] = Form.useForm<T>()
  const attempt = useAttempt()
  const submit = async (values: T) => {
    if (await attempt.run(() => run(values))) done(values)
  }
  return (
    <Drawer
      destroyOnHidden
      extra={
        <Do loading={attempt.busy} onClick={() => form.submit()} permission={permission} type="primary">
          {verb}
        </Do>
      }
      onClose={close}
      open
      size={width}
      title={title}
    >
      <Form<T>
        form={form}
        initialValues={initial ?? {}}
        layout="vertical"
        onFinish={(values) => void submit(values)}
        requiredMark="optional"
        validateMessages={{ required: say('field.required') }}
      >
        {typeof children === 'function' ? children(form) : children}
      </Form>
      <Refused error={attempt.error} />
    </Drawer>
  )
}
