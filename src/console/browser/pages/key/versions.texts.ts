import type { Texts } from '../../texts/format.ts'

export const versionTexts = {
  title: ['Key versions', '密钥版本'],
  version: ['Key version', '密钥版本'],
  primary: ['Primary', '主版本'],
  other: ['Other', '非主版本'],
  help: [
    'New ciphertexts use the primary version. Older versions remain, so that older ciphertexts can be decrypted.',
    '新的密文使用主版本；旧版本会保留，用于解密旧的密文。',
  ],
  'help.pair': [
    'Each version is a separate key pair. Programs name the version that they use.',
    '每个版本都是独立的密钥对，应用在调用时指定所用的版本。',
  ],
  public: ['Public key', '公钥'],
  'public.show': ['Show public key of {version}', '显示版本 {version} 的公钥'],
  'public.hide': ['Hide public key of {version}', '隐藏版本 {version} 的公钥'],
  'public.download': ['Download PEM', '下载PEM文件'],
  'public.state': ['The public key can be read while the key is Enabled.', '仅启用中的密钥可以读取公钥。'],
  create: ['Create Key Version', '创建密钥版本'],
  'create.state': ['A version can be created while the key is Enabled.', '仅启用中的密钥可以创建版本。'],
  'create.early': [
    'The newest version is less than 7 days old. The next one can be created from {date} on.',
    '最新版本创建未满7天，{date}之后方可再创建。',
  ],
  'create.1': ['The key gets a new key pair, with a new public key.', '密钥将增加一个新的密钥对，公钥也不同。'],
  'create.2': [
    'Programs keep using the version that they name. Give the new version and its public key to all who should use it.',
    '应用继续使用其指定的版本。请将新版本及其公钥告知需要使用的各方。',
  ],
  'create.3': [
    'Older versions do not change: their signatures stay valid, and data encrypted for them can still be decrypted.',
    '旧版本保持不变：其签名依然有效，为其加密的数据依然可以解密。',
  ],
  'create.4': [
    'A version can’t be removed. The next one can be created in 7 days; a key has at most 50.',
    '版本无法删除。7天后才能创建下一个版本，每个密钥最多50个版本。',
  ],
} as const satisfies Texts
