import type { Texts } from '../texts/format.ts'

export const hsmTexts = {
  lead: [
    'Keys with the protection level HSM are generated in a hardware security module and never leave it.',
    '保护级别为硬件密码机的密钥在硬件安全模块中生成，且不会离开。',
  ],
  regions: ['Regions', '地域'],
  region: ['Region', '地域'],
  hsm: ['Managed HSM', '托管密码机'],
  yes: ['Available', '可用'],
  keys: ['Keys in the HSM', '硬件密码机中的密钥'],
  open: ['Show keys', '查看密钥'],
  none: [
    'This region has no HSM. You can create keys with the protection level HSM in: {regions}.',
    '本地域未配置硬件密码机。可在以下地域创建硬件密码机密钥：{regions}。',
  ],
  nowhere: [
    'No region of this server has an HSM. The operator of the server can connect one:',
    '本服务器的所有地域均未配置硬件密码机。由服务运维方接入：',
  ],
  'nowhere.how': ['Keys in an HSM', '使用硬件密码机'],
  can: ['What it does', '功能'],
  'can.1': [
    'Generates 256-bit AES keys and key pairs, and unwraps imported key material inside the device.',
    '在设备内生成256位AES密钥和密钥对，并在设备内解密导入的密钥材料。',
  ],
  'can.2': [
    'Encrypts, decrypts and signs inside the device; the service holds only a reference to the key.',
    '加密、解密和签名均在设备内完成，服务仅保存密钥引用。',
  ],
  'can.3': [
    'Without the device its keys cannot be used: make backups as the vendor of the HSM describes.',
    '设备不可用时密钥无法使用，请按厂商说明做好备份。',
  ],
  check: [
    'To find keys that are missing on a token, and objects that belong to no key, an operator runs:',
    '运维人员可通过以下命令查看令牌中缺失的密钥及无主对象：',
  ],
  tokens: ['Tokens', '令牌'],
  'tokens.lead': [
    'As seen by the server that answered. Other servers may see other tokens.',
    '此处为响应本次请求的服务器所见，其他服务器所见可能不同。',
  ],
  'tokens.none': ['The server that answered uses no HSM.', '响应本次请求的服务器未使用硬件密码机。'],
  'state.Serving': ['Serving', '正常服务'],
  'state.Away': ['Away', '不可用'],
  'state.PinRefused': ['PIN refused', 'PIN被拒绝'],
  'means.Away': [
    'Keys cannot be used, created or imported on it. The server keeps trying to reach it.',
    '无法在其中使用、创建或导入密钥。服务器会持续尝试连接。',
  ],
  'means.PinRefused': [
    'The server does not try this PIN again, so that the token does not lock. Correct the PIN in its file: the server reads it again.',
    '为避免令牌被锁定，服务器不会再次尝试该PIN。请更正PIN文件，服务器会自动重新读取。',
  ],
  reason: ['Reason', '原因'],
  label: ['Label', '标签'],
  manufacturer: ['Manufacturer', '厂商'],
  model: ['Model', '型号'],
  serial: ['Serial number', '序列号'],
  firmware: ['Firmware', '固件版本'],
  'can.does': ['Can do', '支持'],
  'can.not': ['Can’t do', '不支持'],
  'ability.AES-256-GCM': ['Generate keys, encrypt and decrypt (AES-256-GCM)', '生成密钥、加密和解密（AES-256-GCM）'],
  'ability.import': ['Import key material wrapped with {algorithm}', '导入以 {algorithm} 加密的密钥材料'],
  'ability.pair': ['Generate key pairs ({spec})', '生成密钥对（{spec}）'],
  'ability.sign': ['Sign with {algorithm}', '使用 {algorithm} 签名'],
  'ability.decrypt': ['Decrypt with {algorithm}', '使用 {algorithm} 解密'],
  'ability.lacks': ['{what}: it {reason}', '{what}：{reason}'],
} as const satisfies Texts
