import { refuse } from '../../api/errors.ts'
import { locateAnyResource } from '../../api/locate.ts'
import { boolean, integer, optional, text } from '../../api/parameters.ts'
import { operation } from '../operation.ts'
import { flag } from '../parameters.ts'
import { CHARACTERS, randomPassword } from '../random-password.ts'

const ALL = Object.values(CHARACTERS).join('')

export const GetRandomPassword = operation({
  name: 'GetRandomPassword',
  summary: 'Returns a random password. The service does not store it.',
  parameters: {
    PasswordLength: optional(integer({ min: 8, max: 128 }), 32),
    ExcludeCharacters: optional(
      text({
        max: ALL.length,
        pattern: /^[!-~]*$/,
        rule: 'At most 94 letters, digits and punctuation marks of ASCII. Where RequireEachIncludedType is true, some of each included type are left.',
      }),
      '',
    ),
    ExcludeLowercase: flag,
    ExcludeUppercase: flag,
    ExcludeNumbers: flag,
    ExcludePunctuation: flag,
    RequireEachIncludedType: optional(boolean(), true),
  },
  access: 'Read',
  trail: {
    show: [
      'PasswordLength',
      'ExcludeLowercase',
      'ExcludeUppercase',
      'ExcludeNumbers',
      'ExcludePunctuation',
      'RequireEachIncludedType',
    ],
    reply: [],
  },
  refusals: [],
  locate: locateAnyResource,
  async decide(values, context) {
    const included = [
      ...(values.ExcludeLowercase ? [] : [CHARACTERS.lowercase]),
      ...(values.ExcludeUppercase ? [] : [CHARACTERS.uppercase]),
      ...(values.ExcludeNumbers ? [] : [CHARACTERS.numbers]),
      ...(values.ExcludePunctuation ? [] : [CHARACTERS.punctuation]),
    ]
    if (included.length === 0)
      throw refuse('InvalidParameter', {
        name: 'ExcludePunctuation',
        rule: 'Include at least one of lowercase and uppercase letters, numbers and punctuation.',
      })
    const left = included.map((type) =>
      [...type].filter((character) => !values.ExcludeCharacters.includes(character)).join(''),
    )
    const types = left.filter((characters) => characters !== '')
    if (types.length === 0 || (values.RequireEachIncludedType && types.length < included.length))
      throw refuse('InvalidParameter', {
        name: 'ExcludeCharacters',
        rule: 'Leave some characters of each included type, or set RequireEachIncludedType to false and leave some of one.',
      })
    const wanted = { length: values.PasswordLength, types, eachType: values.RequireEachIncludedType }
    return { reply: { RandomPassword: randomPassword(wanted, context) }, changes: [] }
  },
})
