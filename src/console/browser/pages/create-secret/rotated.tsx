// The fields of secrets that the service rotates: the owner of the credential, the present credential, and the interval.
import { AutoComplete, Form, Input, Radio } from 'antd'
import { useEffect } from 'react'
import { useParameter, useRefusalAt } from '../../parts/operation-form.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { useArns } from '../../service/arns.ts'
import { useMayAsked, useReply } from '../../service/queries.ts'
import { type AccessKey, MOST_LISTED, type User } from '../../service/replies/ram.ts'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { createSecretTexts } from '../create-secret.texts.ts'
import { kindTexts } from '../secret/kinds.texts.ts'
import type { RotatedValues } from './parameters.ts'

/** The code that refuses a user or a database that does not exist. */
const ABSENT = 'Forbidden.ResourceNotFound'

/** The AccessKeys of a RAM user. If the caller may list them, the IDs are filled in. */
export function AccessKeysOfUser() {
  const say = useTexts(createSecretTexts)
  const kind = useTexts(kindTexts)
  const arns = useArns()
  const form = Form.useFormInstance<RotatedValues>()
  const may = useMayAsked([{ Action: 'ram:ListUsers', Resource: arns.ram('user/*') }])
  const mayList = may?.('ram:ListUsers', arns.ram('user/*')).Allowed === true
  const users = useReply<{ Users: { User: readonly User[] } }>('Ram', 'ListUsers', { MaxItems: MOST_LISTED }, mayList)
  const names = users.data?.Users.User.map(({ UserName }) => UserName) ?? []
  const chosen = Form.useWatch('user', form) ?? ''
  const keys = useReply<{ AccessKeys: { AccessKey: readonly AccessKey[] } }>(
    'Ram',
    'ListAccessKeys',
    { UserName: chosen },
    names.includes(chosen),
  )
  const listed = keys.data?.AccessKeys.AccessKey
  useEffect(() => {
    listed?.forEach(({ AccessKeyId }, i) => {
      form.setFieldValue(['credentials', i, 'id'], AccessKeyId)
    })
  }, [form, listed])
  return (
    <>
      <Part
        code={ABSENT}
        extra={chosen && say('user.help', { name: `acs/ram/user/${chosen}` })}
        label={kind('user')}
        name="user"
        of="ExtendedConfig"
      >
        <AutoComplete
          options={names.map((value) => ({ value }))}
          showSearch={{ filterOption: (typed, option) => option?.value.includes(typed) === true }}
        />
      </Part>
      {listed?.length === 0 && <p className="bad">{say('user.keyless')}</p>}
      <Credential at={0} id={say('key.id')} isNeeded secret={say('key.secret')} />
      <Credential at={1} id={say('key.id.2')} isNeeded={listed?.length === 2} secret={say('key.secret.2')} />
      <p className="muted">{say('key.secret.help')}</p>
    </>
  )
}

/** The accounts of a database whose passwords change. */
export function AccountsOfDatabase() {
  const say = useTexts(createSecretTexts)
  const kind = useTexts(kindTexts)
  const isDouble = Form.useWatch('accounts') === 'DoubleUsers'
  return (
    <>
      <ParameterField extra={say('name.help')} label={say('name')} name="SecretName" />
      <Part code={ABSENT} extra={say('instance.help')} label={kind('instance')} name="instance" of="ExtendedConfig">
        <Input autoComplete="off" />
      </Part>
      <Form.Item
        extra={say(isDouble ? 'accounts.double' : 'accounts.single')}
        label={kind('accounts')}
        name="accounts"
        required
      >
        <Radio.Group
          options={[
            { value: 'SingleUser', label: kind('accounts.SingleUser') },
            { value: 'DoubleUsers', label: kind('accounts.DoubleUsers') },
          ]}
        />
      </Form.Item>
      <Credential at={0} id={say('account')} isNeeded secret={say('password')} />
      {isDouble && <Credential at={1} id={say('account.2')} isNeeded secret={say('password.2')} />}
    </>
  )
}

/** Whether and how often the service rotates the secret. */
export function RotationPolicy() {
  const kind = useTexts(kindTexts)
  const isOn = Form.useWatch('EnableAutomaticRotation') === true
  return (
    <>
      <ParameterField label={kind('rotation')} name="EnableAutomaticRotation" />
      {isOn && (
        <ParameterField extra={kind('interval.help')} label={kind('interval')} name="RotationInterval" needed>
          <Input autoComplete="off" />
        </ParameterField>
      )}
    </>
  )
}

interface CredentialProps {
  readonly at: 0 | 1
  readonly id: string
  readonly secret: string
  readonly isNeeded: boolean
}

function Credential({ at, id, secret, isNeeded }: CredentialProps) {
  return (
    <div className="field-pair">
      <Part label={id} name={['credentials', at, 'id']} needed={isNeeded} of="SecretData">
        <Input autoComplete="off" />
      </Part>
      <Part label={secret} name={['credentials', at, 'secret']} needed={isNeeded} of="SecretData">
        <Input.Password autoComplete="new-password" />
      </Part>
    </div>
  )
}

/**
 * A field that is a part of the parameter `of`, which the service checks as a whole. A refusal of the parameter is shown at its first field. `code`
 * refuses this part without naming the parameter.
 */
function Part({
  of,
  code,
  needed = true,
  ...item
}: Pick<React.ComponentProps<typeof Form.Item>, 'children' | 'extra' | 'label' | 'name'> & {
  readonly of: 'ExtendedConfig' | 'SecretData'
  readonly code?: string
  readonly needed?: boolean
}) {
  const common = useCommon()
  const declared = useParameter(of)
  const refusal = useRefusalAt([item.name].flat().join('.'), code ? { ...declared, Refusal: code } : declared, [of])
  return (
    <Form.Item {...item} rules={needed ? [{ required: true, message: common('field.required') }] : []} {...refusal} />
  )
}
