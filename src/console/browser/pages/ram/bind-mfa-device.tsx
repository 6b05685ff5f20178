import { Form, Input, Modal, Skeleton } from 'antd'
import { useEffect, useState } from 'react'
import { useRegion } from '../../frame/region.ts'
import { Mono } from '../../parts/mono.tsx'
import { OperationForm, UnplacedRefusal } from '../../parts/operation-form.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { Refused } from '../../parts/refused.tsx'
import { useReturnedFocus } from '../../parts/return-focus.ts'
import { call } from '../../service/call.ts'
import { useChange } from '../../service/queries.ts'
import { useSession } from '../../service/session.tsx'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { createDevice, type Device } from './mfa-device.ts'
import { ramTexts } from './ram.texts.ts'

interface Codes {
  readonly AuthenticationCode1: string
  readonly AuthenticationCode2: string
}

const CODE = { autoComplete: 'one-time-code', className: 'mono', inputMode: 'numeric' } as const

/** Creates a device and binds it by two codes. If it is not bound in the end, the device is deleted. */
export function BindMfaDevice({ userName, close }: { readonly userName: string; readonly close: () => void }) {
  useReturnedFocus()
  const say = useTexts(ramTexts)
  const common = useCommon()
  const region = useRegion()
  const { AccountId } = useSession()
  const [form] = Form.useForm<Codes>()
  const [device, setDevice] = useState<Device | null>(null)
  const [error, setError] = useState<Error | null>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: one dialog makes one device
  useEffect(() => {
    createDevice(userName, AccountId, region).then(setDevice, setError)
  }, [])
  const bind = useChange(({ AuthenticationCode1, AuthenticationCode2 }: Codes, where) =>
    call('Ram', 'BindMFADevice', where, {
      UserName: userName,
      SerialNumber: device?.SerialNumber,
      AuthenticationCode1: AuthenticationCode1.trim(),
      AuthenticationCode2: AuthenticationCode2.trim(),
    }),
  )
  const leave = () => {
    if (device) call('Ram', 'DeleteVirtualMFADevice', region, { SerialNumber: device.SerialNumber }).catch(setError)
    close()
  }
  return (
    <Modal
      cancelText={common('do.cancel')}
      confirmLoading={bind.isPending}
      okButtonProps={{ disabled: !device }}
      okText={say('mfa.bind')}
      onCancel={leave}
      onOk={() => form.submit()}
      open
      title={say('mfa.enable')}
    >
      <Refused error={error} />
      {!device && !error && <Skeleton active />}
      {device && (
        <>
          <p>{say('mfa.help')}</p>
          <img alt={say('mfa.picture')} className="qr" src={`data:image/png;base64,${device.QRCodePNG}`} />
          <Mono label={say('mfa.seed')} text={device.Base32StringSeed} />
          <OperationForm<Codes>
            error={bind.error}
            form={form}
            layout={{ requiredMark: false }}
            of="Ram.BindMFADevice"
            onFinish={(codes) => bind.mutate(codes, { onSuccess: close })}
          >
            <ParameterField label={say('mfa.first')} name="AuthenticationCode1" sent={(typed) => typed.trim()}>
              <Input {...CODE} />
            </ParameterField>
            <ParameterField label={say('mfa.second')} name="AuthenticationCode2" sent={(typed) => typed.trim()}>
              <Input {...CODE} />
            </ParameterField>
            <UnplacedRefusal />
          </OperationForm>
        </>
      )}
    </Modal>
  )
}
