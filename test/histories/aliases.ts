// Histories of aliases: they lead to keys and their tags, and tags decide who may change aliases.
import { type Ask, type Subject, shown, tag } from './ask.ts'
import type { Setup } from './setup.ts'

/** Two aliases and two keys. A user may move and delete aliases of keys with the tag open=yes. */
export async function aliases({ must, unique, user }: Setup): Promise<Subject> {
  const keys: string[] = []
  for (const _ of [0, 1]) {
    const { KeyId } = (await must('CreateKey')).KeyMetadata
    await must('TagResource', { KeyId, Tags: tag('open', 'yes') })
    keys.push(KeyId)
  }
  const credentials = await user(`user-${unique}`, [
    { Effect: 'Allow', Action: 'kms:*', Resource: 'acs:kms:*:*:alias/*' },
    {
      Effect: 'Allow',
      Action: 'kms:*',
      Resource: 'acs:kms:*:*:key/*',
      Condition: { StringEquals: { 'kms:tag/open': 'yes' } },
    },
  ])
  const id = (name: string) => keys[Number(name.at(-1))] ?? ''
  const nameOf = (keyId: string) => `key ${keys.indexOf(keyId)}`
  const full = (alias: string) => `alias/${alias}-${unique}`
  const short = (AliasName: string) => AliasName.slice('alias/'.length).split('-')[0] ?? ''
  return {
    about: `the keys ${keys.join(' (0) and ')} (1) with aliases ${full('a')} and ${full('b')}`,
    next: (pick) => {
      const [alias, name] = [pick(['a', 'b']), pick(['key 0', 'key 1'])]
      const caller = pick([{}, { as: 'user', credentials }])
      const both = { args: [alias, name], parameters: { AliasName: full(alias), KeyId: id(name) } }
      return pick<() => Ask>([
        () => ({ call: 'CreateAlias', ...both }),
        () => ({ call: 'UpdateAlias', ...both, ...caller }),
        () => ({ call: 'UpdateAlias', ...both, ...caller }),
        () => ({ call: 'DeleteAlias', args: [alias], parameters: { AliasName: full(alias) }, ...caller }),
        () => {
          const value = pick(['yes', 'yes', 'no'])
          return {
            call: 'TagResource',
            args: [alias, value],
            parameters: { KeyId: full(alias), Tags: tag('open', value) },
          }
        },
        () => ({ call: pick(['EnableKey', 'DisableKey']), args: [name], parameters: { KeyId: id(name) } }),
        () => ({
          call: 'Encrypt',
          args: [alias],
          parameters: { KeyId: full(alias), Plaintext: 'x' },
          shows: ({ KeyId }) => shown(nameOf(KeyId)),
        }),
        () => ({
          call: 'DescribeKey',
          args: [alias],
          parameters: { KeyId: full(alias) },
          shows: ({ KeyMetadata: { KeyId, KeyState } }) => shown(nameOf(KeyId), KeyState),
        }),
        () => ({
          call: 'ListResourceTags',
          args: [name],
          parameters: { KeyId: id(name) },
          shows: ({ Tags }) => shown(Tags.Tag[0]?.TagValue ?? ''),
        }),
        () => ({
          call: 'ListAliasesByKeyId',
          args: [name],
          parameters: { KeyId: id(name) },
          shows: ({ Aliases }) =>
            shown(...Aliases.Alias.map(({ AliasName }: { AliasName: string }) => short(AliasName)).sort()),
        }),
      ])()
    },
  }
}
