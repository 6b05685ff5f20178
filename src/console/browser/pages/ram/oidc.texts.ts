import type { Texts } from '../../texts/format.ts'

export const oidcTexts = {
  'providers.lead': [
    'Issuers of tokens, such as Kubernetes clusters. A program with such a token can assume roles that trust the provider, without an AccessKey.',
    '颁发令牌的身份提供商，例如Kubernetes集群。持有其令牌者无需AccessKey即可扮演信任该提供商的角色。',
  ],
  'providers.none': ['There is no OIDC provider yet.', '尚无OIDC身份提供商。'],
  'provider.edit': ['Edit OIDC provider', '修改OIDC身份提供商'],
  'provider.name': ['Provider name', '身份提供商名称'],
  details: ['Basic Information', '基本信息'],
  arn: ['ARN', 'ARN'],
  issuer: ['Issuer URL', '颁发者URL'],
  'issuer.note': [
    'The issuer in the tokens. The operator of the server must allow it (oidc-issuers).',
    '须与令牌中的颁发者一致，并且已由服务器运维人员允许（oidc-issuers）。',
  ],
  clients: ['Client IDs', '客户端ID'],
  'clients.note': [
    'Audiences of the tokens, separated by commas; sts.aliyuncs.com for pods.',
    '令牌的受众，以英文逗号分隔；用于Pod时为sts.aliyuncs.com。',
  ],
  fingerprints: ['Fingerprints', '验证指纹'],
  'fingerprints.note': [
    'SHA-1 thumbprints of root certificates, separated by commas. Without any, every trusted root certificate is accepted.',
    '根证书的SHA-1指纹，以英文逗号分隔。留空则接受所有受信任的根证书。',
  ],
  age: ['Maximum age of a token (hours)', '令牌最长签发时间（小时）'],
  none: ['None', '无'],
  'subject.warning': [
    'Name the subject (oidc:sub) in the trust policies of roles: without it, every workload of this issuer can assume them.',
    '请在角色的信任策略中限定主体（oidc:sub），否则该颁发者的任何工作负载都可以扮演该角色。',
  ],
} as const satisfies Texts
