import type { Texts } from '../texts/format.ts'

export const createSecretTexts = {
  title: ['Create Secret', '创建凭据'],
  name: ['Secret Name', '凭据名称'],
  'name.help': [
    'Letters, digits, Chinese characters and _ / + = . - @; not beginning with acs/.',
    '字母、数字、汉字和 _ / + = . - @；不能以 acs/ 开头。',
  ],
  type: ['Secret Type', '凭据类型'],
  'kind.Generic': ['Any value; you replace it.', '任意内容，由您更新。'],
  'kind.RAMCredentials': [
    'The service rotates the user’s AccessKey. Programs read the current one from the secret.',
    '服务定期更换该用户的AccessKey，应用从凭据读取当前的AccessKey。',
  ],
  'kind.Rds': [
    'The service changes the password in the database. Programs read the current one from the secret.',
    '服务定期修改数据库密码，应用从凭据读取当前密码。',
  ],
  'user.help': ['The name of the secret will be {name}.', '凭据名称为 {name}。'],
  'user.keyless': [
    'This user has no AccessKey. Create one on the page of the user first.',
    '该用户没有AccessKey，请先在用户页面创建。',
  ],
  'key.id': ['AccessKey ID', 'AccessKey ID'],
  'key.secret': ['AccessKey Secret', 'AccessKey Secret'],
  'key.id.2': ['Second AccessKey ID', '第二个AccessKey ID'],
  'key.secret.2': ['Second AccessKey Secret', '第二个AccessKey Secret'],
  'key.secret.help': [
    'Enter all AccessKeys of the user. If you no longer have an AccessKey Secret, enter any text, and choose Rotate Now after you created the secret.',
    '凭据须包含该用户的全部AccessKey。如已没有AccessKey Secret，可填写任意内容，创建后选择立即轮转。',
  ],
  'instance.help': [
    'The name of the database in the operator’s file of databases.',
    '运维方数据库文件中的数据库名称。',
  ],
  'accounts.single': ['The old password stops working at the rotation.', '轮转时旧密码立即失效。'],
  'accounts.double': [
    'The previous account keeps working until the next rotation. Both accounts need the same privileges.',
    '前一个账号在下次轮转前继续有效。两个账号权限相同。',
  ],
  account: ['Account name', '账号名'],
  password: ['Password', '密码'],
  'account.2': ['Second account name', '第二个账号名'],
  'password.2': ['Second password', '第二个密码'],
  version: ['Version', '版本号'],
  data: ['Secret Value', '凭据值'],
  'data.help': [
    'Any text of up to {bytes} bytes. It is encrypted before it is stored.',
    '任意文本，最多{bytes}字节，加密后保存。',
  ],
  key: ['Encryption Key', '加密主密钥'],
  'key.help': [
    'The ID or alias of a key. If empty, the service’s own key encrypts the value.',
    '密钥ID或别名；不填写时使用服务自己的密钥加密。',
  ],
} as const satisfies Texts
