import { Form, Input, Modal } from 'antd'
import { type ReactNode, useId, useState } from 'react'
import { useAttempt } from '../service/attempt.ts'
import type { OperationName } from '../service/declarations.ts'
import { useCommon } from '../texts/language.tsx'
import { OperationForm, UnplacedRefusal } from './operation-form.tsx'
import { Refused } from './refused.tsx'
import { useReturnedFocus } from './return-focus.ts'

interface Props<T extends object> {
  readonly title: string
  readonly verb: string
  readonly danger?: boolean
  /** The text that must be typed before the button works. */
  readonly retype?: string | undefined
  /** Whether the button is enabled. */
  readonly ready?: boolean
  /** The operation whose parameters are fields among the children. */
  readonly of?: OperationName
  /** The initial values of these fields. */
  readonly initial?: Partial<T>
  /** Does the work, with the values of these fields. */
  readonly run: (values: T) => Promise<unknown>
  readonly close: () => void
  readonly children?: ReactNode
}

/** Asks for confirmation, does the work, and shows a refusal in the same place. */
export function Confirm<T extends object>({
  title,
  verb,
  danger = false,
  retype,
  ready = true,
  of,
  initial = {},
  run,
  close,
  children,
}: Props<T>) {
  useReturnedFocus()
  const say = useCommon()
  const id = useId()
  const [form] = Form.useForm<T>()
  const [typed, setTyped] = useState('')
  const attempt = useAttempt()
  const mayGo = ready && (retype === undefined || typed === retype)
  const go = async (values: T) => {
    if (mayGo && (await attempt.run(() => run(values)))) close()
  }
  const retyping = retype !== undefined && (
    <div className="retype">
      <label htmlFor={id}>{say('do.retype', { text: retype })}</label>
      <Input id={id} autoComplete="off" onChange={(event) => setTyped(event.target.value)} value={typed} />
    </div>
  )
  return (
    <Modal
      cancelText={say('do.cancel')}
      confirmLoading={attempt.busy}
      okButtonProps={{ danger, disabled: !mayGo }}
      okText={verb}
      onCancel={close}
      onOk={() => (of ? form.submit() : void go({} as T))}
      open
      title={title}
    >
      {of ? (
        <OperationForm<T>
          error={attempt.error}
          form={form}
          initial={initial}
          layout={{ requiredMark: false }}
          of={of}
          onFinish={(values) => void go(values)}
        >
          {children}
          {retyping}
          <UnplacedRefusal />
        </OperationForm>
      ) : (
        <>
          {children}
          {retyping}
          <Refused error={attempt.error} />
        </>
      )}
    </Modal>
  )
}
