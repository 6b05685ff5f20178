// What histories are about: small groups of records, each with calls that read and change all of it at random. checker/families.go has
// the model of each family. No call is about two groups: if each group's history is linearizable, all together are strictly serializable.
import { access, accessKeys, duel } from './access.ts'
import { aliases } from './aliases.ts'
import type { Family } from './ask.ts'
import { groups } from './groups.ts'
import { key, material } from './keys.ts'
import { secrets } from './secrets.ts'
import { sessions } from './sessions.ts'

export const FAMILIES: Readonly<Record<string, Family>> = {
  key,
  material,
  aliases,
  access,
  'access keys': accessKeys,
  sessions,
  groups,
  secrets,
  duel,
}
