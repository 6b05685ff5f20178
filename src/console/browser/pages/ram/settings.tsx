import { Alert, Checkbox, Form, Input, Radio } from 'antd'
import type { ReactNode } from 'react'
import { Do } from '../../parts/allowed.tsx'
import { OperationForm, UnplacedRefusal } from '../../parts/operation-form.tsx'
import { Page, Ready, Section } from '../../parts/page.tsx'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { Refused } from '../../parts/refused.tsx'
import { useArns } from '../../service/arns.ts'
import { call, type Parameters } from '../../service/call.ts'
import { usePermissions } from '../../service/permissions.ts'
import { useChange, useMayAsked, useReply } from '../../service/queries.ts'
import { useSession } from '../../service/session.tsx'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { FurtherPreference } from './further-preference.tsx'
import { ramTexts } from './ram.texts.ts'

type Flat = Record<string, string | number | boolean | readonly string[]>

/**
 * The product whose operations read and set the settings: IMS, which has more of them, if the caller may use it, otherwise RAM. Null until that is
 * known.
 */
function useProduct(reads: string): SavedProps['product'] | null {
  const resource = useArns().ram('*')
  const action = `ims:${reads}`
  const may = useMayAsked([{ Action: action, Resource: resource }])
  if (!may) return null
  return may(action, resource).Allowed ? 'Ims' : 'Ram'
}

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

interface SavedProps {
  readonly product: 'Ram' | 'Ims'
  readonly of: 'SetPasswordPolicy' | 'SetSecurityPreference' | 'SetAccountAlias'
  readonly initial: Flat
  readonly children: ReactNode
}

/** A form with a field for each parameter of an operation. */
function Saved({ product, of, initial, children }: SavedProps) {
  const say = useTexts(ramTexts)
  const common = useCommon()
  const action = `${product.toLowerCase()}:${of}`
  const permission = usePermissions(useArns().ram('*'), [action])
  const save = useChange((values: Flat, region) => call(product, of, region, sent(values)))
  return (
    <OperationForm<Flat>
      error={save.error}
      initial={initial}
      layout={LAYOUT}
      of={`${product}.${of}`}
      onFinish={(values) => save.mutate(values)}
    >
      {children}
      <UnplacedRefusal />
      {save.isSuccess && <Alert role="status" showIcon title={say('saved')} type="success" />}
      <div className="form-foot">
        <Do htmlType="submit" loading={save.isPending} permission={permission(action)}>
          {common('do.save')}
        </Do>
      </div>
    </OperationForm>
  )
}

/** Lists are sent in JSON. */
function sent(values: Flat): Parameters {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : value]),
  )
}

const LAYOUT = {
  className: 'form-page settings',
  colon: false,
  labelAlign: 'left',
  labelCol: { flex: '460px' },
  labelWrap: true,
  layout: 'horizontal',
  requiredMark: false,
} as const

function PasswordRule() {
  const say = useTexts(ramTexts)
  const product = useProduct('GetPasswordPolicy')
  const policy = useReply<{ PasswordPolicy: Flat }>(product ?? 'Ram', 'GetPasswordPolicy', {}, product !== null)
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
          <Saved initial={policy.data?.PasswordPolicy ?? {}} of="SetPasswordPolicy" product={product ?? 'Ram'}>
            <ParameterField label={say('length')} name="MinimumPasswordLength" />
            <Form.Item label={say('elements')}>
              <div className="ticks">
                {elements.map(([name, text]) => (
                  <ParameterField key={name} name={name} noStyle>
                    <Checkbox>{say(text)}</Checkbox>
                  </ParameterField>
                ))}
              </div>
            </Form.Item>
            {product === 'Ims' && (
              <>
                <ParameterField label={say('different')} name="MinimumPasswordDifferentCharacter" />
                <ParameterField label={say('user-name')} name="PasswordNotContainUserName" valuePropName="value">
                  <Radio.Group
                    options={[
                      { value: false, label: say('user-name.allow') },
                      { value: true, label: say('user-name.deny') },
                    ]}
                  />
                </ParameterField>
              </>
            )}
            <ParameterField label={say('validity')} name="MaxPasswordAge" />
            <ParameterField
              label={say('expired')}
              name={product === 'Ims' ? 'HardExpire' : 'HardExpiry'}
              valuePropName="value"
            >
              <Radio.Group
                options={[
                  { value: true, label: say('expired.deny') },
                  { value: false, label: say('expired.allow') },
                ]}
              />
            </ParameterField>
            <ParameterField label={say('history')} name="PasswordReusePrevention" />
            <ParameterField label={say('retry')} name="MaxLoginAttemps" />
          </Saved>
        )}
      </Ready>
    </Section>
  )
}

function Security() {
  const say = useTexts(ramTexts)
  const product = useProduct('GetSecurityPreference')
  const preference = useReply<{ SecurityPreference: Readonly<Record<string, Flat>> }>(
    product ?? 'Ram',
    'GetSecurityPreference',
    {},
    product !== null,
  )
  const switches = [
    ['EnableSaveMFATicket', 'mfa.save'],
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
            of="SetSecurityPreference"
            product={product ?? 'Ram'}
          >
            {switches.map(([name, text]) => (
              <ParameterField key={name} label={say(text)} name={name} />
            ))}
            <ParameterField label={say('session.hours')} name="LoginSessionDuration" />
            <ParameterField extra={say('masks.help')} label={say('masks')} name="LoginNetworkMasks">
              <Input className="mono" />
            </ParameterField>
            {product === 'Ims' && <FurtherPreference />}
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
  const clear = useChange((_: undefined, region) =>
    call<{ readonly RequestId: string }>('Ram', 'ClearAccountAlias', region),
  )
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
          // The removal of the alias changes the key: React then mounts the form again, with an empty field.
          <Saved
            initial={{ AccountAlias: alias.data?.AccountAlias ?? '' }}
            key={clear.data?.RequestId}
            of="SetAccountAlias"
            product="Ram"
          >
            <ParameterField
              extra={say('alias.help', { account: AccountId })}
              label={say('settings.alias')}
              name="AccountAlias"
            />
          </Saved>
        )}
      </Ready>
      <Refused error={clear.error} />
    </Section>
  )
}
