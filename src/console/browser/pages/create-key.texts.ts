import type { Texts } from '../texts/format.ts'

export const createKeyTexts = {
  title: ['Create Key', '创建密钥'],
  spec: ['Key Spec', '密钥规格'],
  'spec.help': ['Symmetric. Purpose: Encrypt/Decrypt.', '对称密钥。密钥用途：加密/解密。'],
  'spec.pair': [
    'Asymmetric: the private key stays in the service, and the public key can be published.',
    '非对称密钥：私钥保存在服务中，公钥可以公开。',
  ],
  usage: ['Purpose', '密钥用途'],
  'usage.encrypt': ['Encrypt/Decrypt', '加密/解密'],
  'usage.sign': ['Sign/Verify', '签名/验签'],
  level: ['Protection Level', '保护级别'],
  'level.help': [
    'With HSM, the key material is generated in a hardware security module and never leaves it. The protection level of a key never changes.',
    '选择硬件密码机时，密钥材料在硬件安全模块中生成且不会离开。保护级别不可更改。',
  ],
  'level.none': ['This region has no HSM.', '本地域没有硬件密码机。'],
  rotation: ['Rotation Period', '轮转周期'],
  'rotation.off': ['Disable', '不开启'],
  'rotation.days': [{ one: '1 day', other: '{count} days' }, '{count} 天'],
  'rotation.custom': ['Customize', '自定义'],
  'rotation.custom-days': ['Days ({min}-{max})', '天数（{min}-{max}）'],
  'rotation.external': ['Keys with external key material do not rotate automatically.', '外部密钥不支持自动轮转。'],
  'rotation.pair': ['Asymmetric keys do not rotate automatically.', '非对称密钥不支持自动轮转。'],
  advanced: ['Advanced', '高级选项'],
  origin: ['Key Material Source', '密钥材料来源'],
  understand: [
    'I understand the implications of using the external key materials',
    '我了解使用外部密钥材料的方法和意义',
  ],
  'understand.help': [
    'You are responsible for the key material: keep a copy. Only the same material can be imported again.',
    '您需自行负责密钥材料并保留副本。之后只能重新导入相同的密钥材料。',
  ],
  'understand.missing': ['Select this to create an external key.', '创建外部密钥前请勾选此项。'],
  protection: ['Deletion Protection', '删除保护'],
  'alias.failed': [
    'The key was created, but its alias or its deletion protection was not set. Open the key to set it.',
    '密钥已创建，但别名或删除保护未设置成功。请打开密钥进行设置。',
  ],
  'open.key': ['Open the key', '打开密钥'],
} as const satisfies Texts
