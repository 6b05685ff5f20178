/** The sentences that the API declares for patterns, in Chinese; a test holds that each has its translation. */
export const CHINESE_RULES: Readonly<Record<string, string>> = {
  'alias/ followed by 1 to 255 letters, digits, _, / or -.': 'alias/ 后接1至255个字母、数字、_、/ 或 -。',
  '1 to 64 characters of letters, digits, ., _ and -.': '1至64个字符，可包含字母、数字、.、_ 和 -。',
  '1 to 128 characters of letters, digits and -.': '1至128个字符，可包含字母、数字和 -。',
  '1 to 64 characters of letters, digits, ., @, _ and -.': '1至64个字符，可包含字母、数字、.、@、_ 和 -。',
  '1 to 192 letters, digits, Chinese characters, _, /, +, =, ., - or @; a Chinese character counts as three. It does not start with acs/, but is $Auto for a secret of type RAMCredentials.':
    '1至192个字符，可包含字母、数字、汉字、_、/、+、=、.、- 和 @；一个汉字按三个字符计算。不能以 acs/ 开头；类型为 RAMCredentials 的凭据，名称为 $Auto。',
  '1 to 64 characters, none of them a control character.': '1至64个字符，不能包含控制字符。',
  'At most 94 letters, digits and punctuation marks of ASCII. Where RequireEachIncludedType is true, some of each included type are left.':
    '最多94个 ASCII 字母、数字和标点符号。RequireEachIncludedType 为 true 时，每种包含的类型都须有剩余字符。',
  'Six digits.': '六位数字。',
  '1 to 128 characters of letters, digits, @, ., _, - and blanks.':
    '1至128个字符，可包含字母、数字、@、.、_、- 和空格。',
  'Country code and number, such as 86-18688880000.': '国家代码和号码，例如 86-18688880000。',
  'local@domain, at most 256 characters.': '形如 local@domain，最多256个字符。',
  '1 to 64 characters of letters, digits, . and -.': '1至64个字符，可包含字母、数字、. 和 -。',
  '3 to 63 lower-case letters, digits and single - in between.': '3至63个小写字母、数字，中间可有单个 -。',
  '2 to 64 letters, digits, ., @, _ and -.': '2至64个字母、数字、.、@、_ 和 -。',
  '2 to 1224 letters, digits and _+=,.@:/-.': '2至1224个字母、数字和 _+=,.@:/-。',
  '6 to 36 lower-case letters, digits, _ and -, a letter first.': '6至36个小写字母、数字、_ 和 -，以字母开头。',
  '3 to 63 lower-case letters, digits and -, a letter or digit first.': '3至63个小写字母、数字和 -，以字母或数字开头。',
  '6 to 32 letters, digits, _, / and -, a letter first.': '6至32个字母、数字、_、/ 和 -，以字母开头。',
  'acs:log:REGION:ACCOUNT:project/NAME. It is kept; nothing is delivered there.':
    'acs:log:地域:账号:project/名称。仅保存，不会投递。',
  'The ARN of a role, acs:ram::ACCOUNT:role/NAME.': '角色的ARN，acs:ram::账号:role/名称。',
  'acs:odps:REGION:ACCOUNT:project/actiontrail_NAME. It is kept; nothing is delivered there.':
    'acs:odps:地域:账号:project/actiontrail_名称。仅保存，不会投递。',
  '1 to 128 characters of letters, digits, ., _, -, : and /, the first a letter or digit.':
    '1至128个字符，可包含字母、数字、.、_、-、: 和 /，以字母或数字开头。',
  '1 to 128 characters of letters and digits.': '1至128个字母和数字。',
  'A URL of https, at most 255 characters, without ?, # and @.': 'https的URL，最多255个字符，不含 ?、# 和 @。',
  '1 to 128 characters of letters, digits, ., _ and -, the first and the last a letter or digit.':
    '1至128个字符，可包含字母、数字、.、_ 和 -，以字母或数字开头和结尾。',
}
