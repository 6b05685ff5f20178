import { Facts } from '../../parts/page.tsx'
import { When } from '../../parts/when.tsx'
import { useSession } from '../../service/session.tsx'
import { useTexts } from '../../texts/language.tsx'
import { commandLine } from '../command-line.texts.ts'

interface Props {
  readonly code: string
  /** The name that the command line gives for itself, unverified. */
  readonly name: string
  /** The source address of its request; absent for this machine. */
  readonly address?: string
  readonly since?: string
}

/** The command line that asks, and the identity that its session would have. */
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
