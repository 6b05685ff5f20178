import type { Texts } from '../../texts/format.ts'

export const furtherPreferenceTexts = {
  mfa: ['MFA at logon', '登录时使用多因素认证'],
  'mfa.help': [
    '“Every user” takes effect at the next logon. With the other two, the logon settings of each user decide.',
    '“所有用户”自下次登录起生效；其余两项均以每个用户的登录设置为准。',
  ],
  'mfa.mandatory': ['Every user', '所有用户'],
  'mfa.independent': ['By the settings of each user', '依照每个用户的设置'],
  'mfa.adaptive': ['At unusual logons', '仅异常登录'],
  kept: ['Without effect in this service', '本服务仅保存，不生效'],
  'kept.help': [
    'These settings are kept for programs that read or set them, such as Terraform.',
    '以下设置仅供读取或设置它们的程序（如Terraform）使用。',
  ],
  passkey: ['Users log on with a passkey', '允许使用通行密钥登录'],
  risk: ['At an unusual logon', '异常登录时'],
  'risk.autonomous': ['The user may skip the verification', '用户可跳过验证'],
  'risk.enforceVerify': ['The user must verify', '必须验证'],
  dingtalk: ['Users manage their own DingTalk account', '自主管理钉钉账号'],
  verification: ['Further ways to verify', '其他验证方式'],
  'verification.none': ['None', '无'],
  'verification.sms': ['Text message', '短信'],
  'verification.email': ['E-mail', '邮箱'],
  'idle.users': ['Idle users (days)', '闲置用户（天）'],
  'idle.keys': ['Idle AccessKeys (days)', '闲置AccessKey（天）'],
} as const satisfies Texts
