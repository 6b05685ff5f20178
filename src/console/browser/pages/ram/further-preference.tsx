import { Select } from 'antd'
import { ParameterField } from '../../parts/parameter-field.tsx'
import { useTexts } from '../../texts/language.tsx'
import { furtherPreferenceTexts } from './further-preference.texts.ts'

/** The parts of the security preference that only IMS can set. */
export function FurtherPreference() {
  const say = useTexts(furtherPreferenceTexts)
  const types = ['sms', 'email'] as const
  return (
    <>
      <ParameterField
        extra={say('mfa.help')}
        label={say('mfa')}
        labelOf={(choice) => say(`mfa.${choice as 'mandatory' | 'independent' | 'adaptive'}`)}
        name="MFAOperationForLogin"
      />
      <h3>{say('kept')}</h3>
      <p className="muted">{say('kept.help')}</p>
      <ParameterField label={say('passkey')} name="AllowUserToLoginWithPasskey" />
      <ParameterField
        label={say('risk')}
        labelOf={(choice) => say(`risk.${choice as 'autonomous' | 'enforceVerify'}`)}
        name="OperationForRiskLogin"
      />
      <ParameterField label={say('dingtalk')} name="AllowUserToManagePersonalDingTalk" />
      <ParameterField label={say('verification')} name="VerificationTypes">
        <Select
          mode="multiple"
          options={types.map((value) => ({ value, label: say(`verification.${value}`) }))}
          placeholder={say('verification.none')}
        />
      </ParameterField>
      <ParameterField label={say('idle.users')} name="MaxIdleDaysForUsers" />
      <ParameterField label={say('idle.keys')} name="MaxIdleDaysForAccessKeys" />
    </>
  )
}
