import { Input, Modal } from 'antd'
import { type ReactNode, useId, useState } from 'react'
import { useAttempt } from '../service/attempt.ts'
import { useCommon } from '../texts/language.tsx'
import { Refused } from './refused.tsx'

interface Props {
  readonly title: string
  readonly verb: string
  readonly danger?: boolean
  /** What must be typed before the button works. */
  readonly retype?: string | undefined
  /** Whether the button may work yet. */
  readonly ready?: boolean
  readonly run: () => Promise<unknown>
  readonly close: () => void
  readonly children?: ReactNode
}

/** Asks before something is done, does it, and shows at this place what the service refuses. */
export function Confirm({ title, verb, danger = false, retype, ready = true, run, close, children }: Props) {
  const say = useCommon()
  const id = useId()
  const [typed, setTyped] = useState('')
  const attempt = useAttempt()
  const go = async () => {
    if (await attempt.run(run)) close()
  }
  return (
    <Modal
      cancelText={say('do.cancel')}
      confirmLoading={attempt.busy}
      okButtonProps={{ danger, disabled: !ready || (retype !== undefined && typed !== retype) }}
      okText={verb}
      onCancel={close}
      onOk={() => void go()}
      open
      title={title}
    >
      {children}
      {retype !== undefined && (
        <div className="retype">
          <label htmlFor={id}>{say('do.retype', { text: retype })}</label>
          <Input id={id} autoComplete="off" onChange={(event) => setTyped(event.target.value)} value={typed} />
        </div>
      )}
      <Refused error={attempt.error} />
    </Modal>
  )
}
