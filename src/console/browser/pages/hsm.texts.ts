import type { Texts } from '../texts/format.ts'

export const hsmTexts = {
  lead: [
    'Keys with the protection level HSM are made in a hardware security module and never leave it.',
    '保护级别为硬件密码机的密钥在硬件安全模块中生成，且不会离开。',
  ],
  regions: ['Regions', '地域'],
  region: ['Region', '地域'],
  hsm: ['Managed HSM', '托管密码机'],
  yes: ['Available', '可用'],
  keys: ['Keys in the HSM', '硬件密码机中的密钥'],
  open: ['Show keys', '查看密钥'],
  none: [
    'This region has no HSM. Keys with the protection level HSM can be made in: {regions}.',
    '本地域未配置硬件密码机。可在以下地域创建硬件密码机密钥：{regions}。',
  ],
  nowhere: ['No region of this server has an HSM.', '本服务器的所有地域均未配置硬件密码机。'],
  can: ['What it does', '功能'],
  'can.1': [
    'Makes AES keys of 256 bits, and unwraps imported material inside the device.',
    '在设备内生成256位AES密钥，并在设备内解密导入的密钥材料。',
  ],
  'can.2': [
    'Encrypts and decrypts inside the device; the service holds only a reference to the key.',
    '加密和解密均在设备内完成，服务仅保存密钥引用。',
  ],
  'can.3': [
    'Without its device a key cannot be used: keep backups as the maker of the HSM describes.',
    '设备不可用时密钥无法使用，请按厂商说明做好备份。',
  ],
  check: ['An operator sees tokens, their state and their keys with:', '运维人员可通过以下命令查看令牌、状态及密钥：'],
} as const satisfies Texts
