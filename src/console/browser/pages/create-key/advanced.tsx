import { Checkbox, Collapse, Form, Radio, Switch } from 'antd'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { createKeyTexts } from '../create-key.texts.ts'

interface Props {
  /** Whether the KeySpec allows only material that the service generates. */
  readonly isPair: boolean
  readonly isExternal: boolean
}

/** Rarely used options: external material, and deletion protection. */
export function Advanced({ isPair, isExternal }: Props) {
  const say = useTexts(createKeyTexts)
  const common = useCommon()
  const children = (
    <>
      <ParameterField label={say('origin')} name="Origin">
        <Radio.Group
          disabled={isPair}
          options={[
            { value: 'Aliyun_KMS', label: common('origin.Aliyun_KMS') },
            { value: 'EXTERNAL', label: common('origin.EXTERNAL') },
          ]}
        />
      </ParameterField>
      {isExternal && <Understand />}
      <Form.Item label={say('protection')} name="protection" valuePropName="checked">
        <Switch />
      </Form.Item>
    </>
  )
  return <Collapse ghost items={[{ key: 'advanced', forceRender: true, label: say('advanced'), children }]} />
}

/** A checkbox that confirms the responsibility for external material before the key is created. */
function Understand() {
  const say = useTexts(createKeyTexts)
  return (
    <Form.Item
      extra={say('understand.help')}
      name="understand"
      rules={[
        {
          validator: async (_, ticked: boolean) => {
            if (!ticked) throw new Error(say('understand.missing'))
          },
        },
      ]}
      valuePropName="checked"
    >
      <Checkbox>{say('understand')}</Checkbox>
    </Form.Item>
  )
}
