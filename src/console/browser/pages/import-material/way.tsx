import { Form, Radio, Select } from 'antd'
import type { Dayjs } from 'dayjs'
import { Do } from '../../parts/allowed.tsx'
import { MomentField } from '../../parts/moment-field.tsx'
import { OperationForm, useParameter } from '../../parts/operation-form.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { usePermissions } from '../../service/permissions.ts'
import { WEB_CRYPTO_HASHES } from '../../service/wrapping.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { importTexts } from '../import-material.texts.ts'
import type { Choice } from './choice.ts'

const INITIAL: Choice = { way: 'browser', WrappingAlgorithm: 'RSAES_OAEP_SHA_256', expires: 'never' }

/** Asks where and how the material is wrapped, and when it expires. */
export function Way({ arn, next }: { readonly arn: string; readonly next: (choice: Choice) => void }) {
  const say = useTexts(importTexts)
  const common = useCommon()
  const [form] = Form.useForm<Choice>()
  const actions = ['kms:GetParametersForImport', 'kms:ImportKeyMaterial']
  const permissions = actions.map(usePermissions(arn, actions))
  const way = Form.useWatch('way', form) ?? INITIAL.way
  const expires = Form.useWatch('expires', form) ?? INITIAL.expires
  const canWrap = window.isSecureContext
  return (
    <OperationForm<Choice>
      error={null}
      form={form}
      initial={canWrap ? INITIAL : { ...INITIAL, way: 'openssl' }}
      layout={{ requiredMark: false }}
      of="Kms.GetParametersForImport"
      onFinish={next}
    >
      <Form.Item extra={canWrap ? undefined : say('insecure')} label={say('way')} name="way">
        <Radio.Group className="choices">
          <Radio disabled={!canWrap} value="browser">
            {say('way.browser')}
            <small>{say('way.browser.help')}</small>
          </Radio>
          <Radio value="openssl">
            {say('way.openssl')}
            <small>{say('way.openssl.help')}</small>
          </Radio>
        </Radio.Group>
      </Form.Item>
      <AlgorithmField way={way} />
      <Form.Item extra={say('until.help')} label={say('until')} name="expires">
        <Radio.Group
          options={[
            { value: 'never', label: say('until.never') },
            { value: 'date', label: say('until.date') },
          ]}
        />
      </Form.Item>
      {/* The parameter is a number of seconds, KeyMaterialExpireUnix; the form asks for a date, and checks itself that it is in the future. */}
      {expires === 'date' && (
        <Form.Item
          label={say('until.date')}
          name="until"
          rules={[
            {
              validator: async (_, moment: Dayjs | null | undefined) => {
                if (!moment || moment.valueOf() <= Date.now()) throw new Error(say('until.missing'))
              },
            },
          ]}
        >
          <MomentField />
        </Form.Item>
      )}
      <div className="form-foot">
        <Do htmlType="submit" permission={permissions.find(({ answer }) => !answer.Allowed)} type="primary">
          {common('do.next')}
        </Do>
      </div>
    </OperationForm>
  )
}

function AlgorithmField({ way }: Pick<Choice, 'way'>) {
  const say = useTexts(importTexts)
  const { Enum: algorithms = [] } = useParameter('WrappingAlgorithm')
  return (
    <ParameterField label={say('algorithm')} name="WrappingAlgorithm">
      <Select
        options={algorithms.map((value) => {
          const isForBrowser = WEB_CRYPTO_HASHES[value] !== undefined
          return {
            value,
            label: isForBrowser ? value : say('algorithm.openssl-only', { name: value }),
            disabled: way === 'browser' && !isForBrowser,
          }
        })}
      />
    </ParameterField>
  )
}
