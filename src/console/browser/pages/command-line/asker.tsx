import { Facts } from '../../parts/page.tsx'
import { When } from '../../parts/when.tsx'
import { useSession } from '../../service/session.tsx'
import { useTexts } from '../../texts/language.tsx'
import { commandLine } from '../command-line.texts.ts'

interface Props {
  readonly code: string
  /** What the command line calls itself: nobody has proved it. */
  readonly name: string
  /** Where it asked from; absent for this machine. */
  readonly address?: string
  readonly since?: string
}

/** Which command line asks, and whose session it would get. */
export function Asker({ code, name, address, since }: Props) {
  const say = useTexts(commandLine)
  const { UserName, AccountAlias, AccountId, MFAAuthenticated } = useSession()
  return (
    <Facts
      of={[
        [
          say('code'),
          <strong className="mono" key="code">
            {code}
          </strong>,
        ],
        [
          say('name'),
          <code className="mono" key="name">
            {name}
          </code>,
        ],
        [say('address'), address ?? say('address.own')],
        [say('since'), since && <When date={since} key="since" />],
        [say('as'), `${UserName}@${AccountAlias || AccountId}`],
        [say('mfa'), say(MFAAuthenticated ? 'mfa.yes' : 'mfa.no')],
      ]}
    />
  )
}
