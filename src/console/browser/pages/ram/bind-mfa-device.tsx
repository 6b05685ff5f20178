import { Form, Input, Modal, Skeleton } from 'antd'
import { useEffect, useState } from 'react'
import { useRegion } from '../../frame/region.ts'
import { Mono } from '../../parts/mono.tsx'
import { Refused } from '../../parts/refused.tsx'
import { call } from '../../service/call.ts'
import { useChange } from '../../service/queries.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { ramTexts } from './ram.texts.ts'

interface Device {
  readonly SerialNumber: string
  readonly Base32StringSeed: string
  readonly QRCodePNG: string
}

interface Codes {
  readonly first: string
  readonly second: string
}

/** Makes a device and binds it by two codes; a device that is not bound in the end is deleted again. */
export function BindMfaDevice({ userName, close }: { readonly userName: string; readonly close: () => void }) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const region = useRegion()
  const [form] = Form.useForm<Codes>()
  const [device, setDevice] = useState<Device | null>(null)
  const [error, setError] = useState<Error | null>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: one dialog makes one device
  useEffect(() => {
    call<{ VirtualMFADevice: Device }>('Ram', 'CreateVirtualMFADevice', region, {
      VirtualMFADeviceName: `${userName}-${Date.now().toString(36)}`,
    }).then(({ VirtualMFADevice }) => setDevice(VirtualMFADevice), setError)
  }, [])
  const bind = useChange(({ first, second }: Codes, where) =>
    call('Ram', 'BindMFADevice', where, {
      UserName: userName,
      SerialNumber: device?.SerialNumber,
      AuthenticationCode1: first.trim(),
      AuthenticationCode2: second.trim(),
    }),
  )
  const leave = () => {
    if (device) call('Ram', 'DeleteVirtualMFADevice', region, { SerialNumber: device.SerialNumber }).catch(setError)
    close()
  }
  const rules = [
    { required: true, message: common('field.required') },
    { pattern: /^\s*\d{6}\s*$/, message: say('mfa.code.wrong') },
  ]
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
      <Refused error={error ?? bind.error} />
      {!device && !error && <Skeleton active />}
      {device && (
        <>
          <p>{say('mfa.help')}</p>
          <img alt={say('mfa.picture')} className="qr" src={`data:image/png;base64,${device.QRCodePNG}`} />
          <Mono label={say('mfa.seed')} text={device.Base32StringSeed} />
          <Form<Codes>
            form={form}
            layout="vertical"
            onFinish={(codes) => bind.mutate(codes, { onSuccess: close })}
            requiredMark={false}
          >
            <Form.Item label={say('mfa.first')} name="first" rules={rules}>
              <Input autoComplete="one-time-code" className="mono" inputMode="numeric" maxLength={8} />
            </Form.Item>
            <Form.Item label={say('mfa.second')} name="second" rules={rules}>
              <Input autoComplete="one-time-code" className="mono" inputMode="numeric" maxLength={8} />
            </Form.Item>
          </Form>
        </>
      )}
    </Modal>
  )
}
