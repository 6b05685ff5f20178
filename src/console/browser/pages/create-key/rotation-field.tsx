import { Form, Select } from 'antd'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { useTexts } from '../../texts/language.tsx'
import { createKeyTexts } from '../create-key.texts.ts'

/** In days. */
const PERIODS = [30, 90, 180, 365]

/** The field for the rotation interval. `because` is the reason why the key can't rotate, if it can't. */
export function RotationField({ because }: { readonly because: string | undefined }) {
  const say = useTexts(createKeyTexts)
  const rotation = Form.useWatch('rotation') ?? 'off'
  return (
    <>
      <Form.Item extra={because} label={say('rotation')} name="rotation" required>
        <Select
          disabled={because !== undefined}
          options={[
            { value: 'off', label: say('rotation.off') },
            ...PERIODS.map((days) => ({ value: String(days), label: say('rotation.days', { count: days }) })),
            { value: 'custom', label: say('rotation.custom') },
          ]}
        />
      </Form.Item>
      {rotation === 'custom' && because === undefined && (
        <ParameterField
          label={({ Min: min = 0, Max: max = 0 }) => say('rotation.custom-days', { min, max })}
          name="RotationInterval"
          needed
        />
      )}
    </>
  )
}
