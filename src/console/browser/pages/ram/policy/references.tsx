import { Link } from 'react-router'
import { Nothing, Ready, Section } from '../../../parts/page.tsx'
import { paths } from '../../../service/paths.ts'
import { useReply } from '../../../service/queries.ts'
import { useTexts } from '../../../texts/language.tsx'
import { ramTexts } from '../ram.texts.ts'

interface Entities {
  readonly Users: { readonly User: readonly { readonly UserName: string }[] }
  readonly Groups: { readonly Group: readonly { readonly GroupName: string }[] }
  readonly Roles: { readonly Role: readonly { readonly RoleName: string }[] }
}

interface Props {
  readonly of: { readonly PolicyType: string; readonly PolicyName: string }
}

/** The users, groups and roles to which a policy is attached. */
export function PolicyReferences({ of }: Props) {
  const say = useTexts(ramTexts)
  const entities = useReply<Entities>('Ram', 'ListEntitiesForPolicy', { ...of })
  const links = [
    ...(entities.data?.Users.User.map(({ UserName }) => ['user', UserName, paths.user(UserName)] as const) ?? []),
    ...(entities.data?.Groups.Group.map(({ GroupName }) => ['group', GroupName, paths.group(GroupName)] as const) ??
      []),
    ...(entities.data?.Roles.Role.map(({ RoleName }) => ['role', RoleName, paths.role(RoleName)] as const) ?? []),
  ]
  return (
    <Section title={say('references')}>
      <Ready of={entities}>
        {() =>
          links.length > 0 ? (
            <ul className="rows">
              {links.map(([kind, name, to]) => (
                <li key={to}>
                  <span>
                    <code className="mono muted">{kind}/</code>
                    <Link to={to}>{name}</Link>
                  </span>
                </li>
              ))}
            </ul>
          ) : (
            <Nothing text={say('references.none')} />
          )
        }
      </Ready>
    </Section>
  )
}
