import type { Texts } from '../texts/format.ts'

export const createSecretTexts = {
  title: ['Create Secret', '创建凭据'],
  name: ['Secret Name', '凭据名称'],
  version: ['Version', '版本号'],
  data: ['Secret Value', '凭据值'],
  'data.help': [
    'Any text of up to {bytes} bytes. It is encrypted before it is stored.',
    '任意文本，最多{bytes}字节，加密后保存。',
  ],
  key: ['Encryption Key', '加密主密钥'],
  'key.help': [
    'The ID or alias of a key. Without one, the service’s own key encrypts the value.',
    '密钥ID或别名；不填写时使用服务自己的密钥加密。',
  ],
} as const satisfies Texts
