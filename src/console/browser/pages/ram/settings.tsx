import { Alert, Checkbox, Form, Input, InputNumber, Radio, Switch } from 'antd'
import type { ReactNode } from 'react'
import { Do } from '../../parts/allowed.tsx'
import { Page, Ready, Section } from '../../parts/page.tsx'
import { Refused } from '../../parts/refused.tsx'
import { useArns } from '../../service/arns.ts'
import { call, type Parameters } from '../../service/call.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useReply } from '../../service/queries.ts'
import { useSession } from '../../service/session.tsx'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { ramTexts } from './ram.texts.ts'

type Flat = Record<string, string | number | boolean>

export default function SettingsPage() {
  const common = useCommon()
  return (
    <Page name={common('nav.settings')} title={common('nav.settings')}>
      <PasswordRule />
      <Security />
      <AccountAlias />
    </Page>
  )
}

/** A form whose fields are the parameters of an operation. */
function Saved({
  operation,
  initial,
  children,
}: {
  readonly operation: string
  readonly initial: Flat
  readonly children: ReactNode
}) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const permission = usePermissions(useArns().ram('*'), [`ram:${operation}`])
  const save = useChange((values: Parameters, region) => call('Ram', operation, region, values))
  return (
    <Form<Flat>
      className="form-page settings"
      initialValues={initial}
      colon={false}
      labelAlign="left"
      labelCol={{ flex: '420px' }}
      labelWrap
      layout="horizontal"
      onFinish={(values) => save.mutate(values)}
    >
      {children}
      <Refused error={save.error} />
      {save.isSuccess && <Alert role="status" showIcon title={say('saved')} type="success" />}
      <div className="form-foot">
        <Do htmlType="submit" loading={save.isPending} permission={permission(`ram:${operation}`)}>
          {common('do.save')}
        </Do>
      </div>
    </Form>
  )
}

function Amount({
  name,
  label,
  min,
  max,
}: {
  readonly name: string
  readonly label: string
  readonly min: number
  readonly max: number
}) {
  return (
    <Form.Item label={label} name={name}>
      <InputNumber max={max} min={min} precision={0} />
    </Form.Item>
  )
}

function PasswordRule() {
  const say = useTexts(ramTexts)
  const policy = useReply<{ PasswordPolicy: Flat }>('Ram', 'GetPasswordPolicy')
  const elements = [
    ['RequireLowercaseCharacters', 'lower'],
    ['RequireUppercaseCharacters', 'upper'],
    ['RequireNumbers', 'numbers'],
    ['RequireSymbols', 'symbols'],
  ] as const
  return (
    <Section title={say('settings.password')}>
      <Ready of={policy}>
        {() => (
          <Saved initial={policy.data?.PasswordPolicy ?? {}} operation="SetPasswordPolicy">
            <Amount label={say('length')} max={32} min={8} name="MinimumPasswordLength" />
            <Form.Item label={say('elements')}>
              <div className="ticks">
                {elements.map(([name, text]) => (
                  <Form.Item key={name} name={name} noStyle valuePropName="checked">
                    <Checkbox>{say(text)}</Checkbox>
                  </Form.Item>
                ))}
              </div>
            </Form.Item>
            <Amount label={say('validity')} max={1095} min={0} name="MaxPasswordAge" />
            <Form.Item label={say('expired')} name="HardExpiry">
              <Radio.Group
                options={[
                  { value: true, label: say('expired.deny') },
                  { value: false, label: say('expired.allow') },
                ]}
              />
            </Form.Item>
            <Amount label={say('history')} max={24} min={0} name="PasswordReusePrevention" />
            <Amount label={say('retry')} max={32} min={0} name="MaxLoginAttemps" />
          </Saved>
        )}
      </Ready>
    </Section>
  )
}

function Security() {
  const say = useTexts(ramTexts)
  const preference = useReply<{ SecurityPreference: Readonly<Record<string, Flat>> }>('Ram', 'GetSecurityPreference')
  const switches = [
    ['AllowUserToChangePassword', 'own.password'],
    ['AllowUserToManageAccessKeys', 'own.keys'],
    ['AllowUserToManageMFADevices', 'own.mfa'],
  ] as const
  return (
    <Section title={say('settings.security')}>
      <Ready of={preference}>
        {() => (
          <Saved
            initial={Object.assign({}, ...Object.values(preference.data?.SecurityPreference ?? {}))}
            operation="SetSecurityPreference"
          >
            {switches.map(([name, text]) => (
              <Form.Item key={name} label={say(text)} name={name} valuePropName="checked">
                <Switch />
              </Form.Item>
            ))}
            <Amount label={say('session.hours')} max={24} min={1} name="LoginSessionDuration" />
            <Form.Item extra={say('masks.help')} label={say('masks')} name="LoginNetworkMasks">
              <Input className="mono" />
            </Form.Item>
          </Saved>
        )}
      </Ready>
    </Section>
  )
}

function AccountAlias() {
  const say = useTexts(ramTexts)
  const { AccountId } = useSession()
  const permission = usePermissions(useArns().ram('*'), ['ram:ClearAccountAlias'])
  const alias = useReply<{ AccountAlias: string }>('Ram', 'GetAccountAlias')
  const clear = useChange((_: undefined, region) => call('Ram', 'ClearAccountAlias', region))
  return (
    <Section
      actions={
        alias.data?.AccountAlias && (
          <Do
            loading={clear.isPending}
            onClick={() => clear.mutate(undefined)}
            permission={permission('ram:ClearAccountAlias')}
            size="small"
          >
            {say('alias.remove')}
          </Do>
        )
      }
      title={say('settings.alias')}
    >
      <Ready of={alias}>
        {() => (
          <Saved initial={{ AccountAlias: alias.data?.AccountAlias ?? '' }} operation="SetAccountAlias">
            <Form.Item
              extra={say('alias.help', { account: AccountId })}
              label={say('settings.alias')}
              name="AccountAlias"
            >
              <Input autoComplete="off" />
            </Form.Item>
          </Saved>
        )}
      </Ready>
      <Refused error={clear.error} />
    </Section>
  )
}
