import type { Texts } from '../texts/format.ts'

export const importTexts = {
  title: ['Import Key Material', '导入密钥材料'],
  lead: [
    'Bring 256 bits of your own. They are wrapped before they are sent, and the service never returns them.',
    '导入您自己的256位密钥材料。材料仅以加密形式传输至服务，服务不会返回该材料。',
  ],
  'step.way': ['Way and expiry', '方式与过期时间'],
  'step.wrap': ['Wrap', '加密材料'],
  'step.import': ['Import', '导入'],
  way: ['How is the material wrapped?', '如何加密密钥材料？'],
  'way.browser': ['This browser wraps a local file', '由本浏览器加密本地文件'],
  'way.browser.help': [
    'The file is read here and wrapped with WebCrypto. Only the wrapped material leaves this page.',
    '文件在本页读取并用 WebCrypto 加密，只有加密后的材料会离开本页。',
  ],
  'way.openssl': ['I wrap it elsewhere, with OpenSSL', '在其他设备上使用 OpenSSL 加密'],
  'way.openssl.help': [
    'For material that must not touch this machine: download the public key and the token, upload the result.',
    '适用于不得接触本机的密钥材料：下载加密公钥和导入令牌，再上传结果。',
  ],
  algorithm: ['Wrapping Algorithm', '加密算法'],
  'algorithm.openssl-only': ['{name} (OpenSSL only)', '{name}（仅限OpenSSL）'],
  until: ['Valid Until', '密钥材料过期时间'],
  'until.never': ['Does not expire', '永不过期'],
  'until.date': ['Expires on', '过期时间'],
  'until.missing': ['Choose a moment in the future.', '请选择将来的时间。'],
  'until.help': [
    'When the material expires, the service deletes it, and the key becomes Pending Import.',
    '到期后服务将删除密钥材料，密钥变为待导入状态。',
  ],
  file: ['File with the key material', '密钥材料文件'],
  'file.help': [
    'Exactly 32 bytes, as they are, in hex or in Base64.',
    '恰好32字节，支持二进制、十六进制或Base64格式。',
  ],
  'file.wrong': [
    'This file does not contain 32 bytes, 64 hex digits or their Base64.',
    '该文件不是32字节、64个十六进制字符或对应的Base64文本。',
  ],
  'file.raw': ['32 bytes', '32字节'],
  'file.hex': ['32 bytes in hex', '十六进制格式的32字节'],
  'file.base64': ['32 bytes in Base64', 'Base64格式的32字节'],
  'file.first': ['Choose the file with the key material first.', '请先选择密钥材料文件。'],
  'files.first': [
    'Choose both files first: the wrapped material and the import token.',
    '请先选择两个文件：已加密的密钥材料和导入令牌。',
  ],
  'file.choose': ['Choose file', '选择文件'],
  'wrap.do': ['Wrap and import', '加密并导入'],
  insecure: [
    'Browsers offer WebCrypto only over HTTPS or from this machine. Use OpenSSL, or open the console over HTTPS.',
    '浏览器仅在HTTPS或本机访问时提供 WebCrypto。请使用 OpenSSL，或通过HTTPS打开控制台。',
  ],
  'download.key': ['Download Public Key', '下载加密公钥'],
  'download.token': ['Download Import Token', '下载导入令牌'],
  'download.help': [
    'Download both. They are valid until {date} and can be used several times, for this key only.',
    '请下载这两个文件。有效期至{date}，可多次使用，且仅适用于该密钥。',
  ],
  lines: ['Then wrap the material. OpenSSL 3:', '然后使用 OpenSSL 3 加密密钥材料：'],
  'lines.make': ['Only if you have no material yet', '仅当您还没有密钥材料时'],
  'upload.material': ['Encrypted Key Material', '加密密钥材料'],
  'upload.token': ['Import Token', '导入令牌'],
  'upload.help': ['The Base64 text that the last line writes.', '最后一行命令生成的Base64文本。'],
  done: ['The material is imported. The key is Enabled.', '密钥材料已导入，密钥已启用。'],
  'open.key': ['Open the key', '打开密钥'],
} as const satisfies Texts
