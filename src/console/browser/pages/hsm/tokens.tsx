import { Button } from 'antd'
import { Unseen } from '../../parts/allowed.tsx'
import { Mono } from '../../parts/mono.tsx'
import { Facts, Nothing, Ready, Section } from '../../parts/page.tsx'
import { Badge } from '../../parts/state.tsx'
import { useMayAsked, useReply } from '../../service/queries.ts'
import type { HsmToken, HsmTokens } from '../../service/replies/hsm.ts'
import { type Say, useCommon, useTexts } from '../../texts/language.tsx'
import { hsmTexts } from '../hsm.texts.ts'

const ACTION = 'kms:InspectHsm'
const TONES = { Serving: 'good', Away: 'bad', PinRefused: 'bad' } as const

/** The tokens of the HSM: the state, the device and the abilities of each. */
export function Tokens() {
  const say = useTexts(hsmTexts)
  const common = useCommon()
  const may = useMayAsked([{ Action: ACTION, Resource: '*' }])
  const answer = may?.(ACTION, '*')
  const hsm = useReply<HsmTokens>('Kms', 'InspectHsm', {}, answer?.Allowed === true)
  if (answer && !answer.Allowed)
    return (
      <Section title={say('tokens')}>
        <Unseen permission={{ answer, action: ACTION, resource: '*' }} />
      </Section>
    )
  const tokens = hsm.data?.Tokens.Token ?? []
  return (
    <>
      <Section
        actions={
          <Button loading={hsm.isFetching} onClick={() => void hsm.refetch()}>
            {common('do.refresh')}
          </Button>
        }
        title={say('tokens')}
      >
        <p className="muted">{say('tokens.lead')}</p>
        <Ready of={hsm}>{() => tokens.length === 0 && <Nothing text={say('tokens.none')} />}</Ready>
      </Section>
      {tokens.map((token) => (
        <Token key={token.Name} token={token} />
      ))}
    </>
  )
}

function Token({ token }: { readonly token: HsmToken }) {
  const say = useTexts(hsmTexts)
  const { Name, State, Reason, Label, Manufacturer, Model, SerialNumber, Firmware, Abilities } = token
  return (
    <Section actions={<Badge tone={TONES[State]}>{say(`state.${State}`)}</Badge>} title={Name}>
      {State !== 'Serving' && <p>{say(`means.${State}`)}</p>}
      <Facts
        of={[
          [say('reason'), Reason || undefined],
          [say('label'), Label || undefined],
          [say('manufacturer'), Manufacturer || undefined],
          [say('model'), Model || undefined],
          [say('serial'), SerialNumber ? <Mono key="serial" label={say('serial')} text={SerialNumber} /> : undefined],
          [say('firmware'), Firmware || undefined],
        ]}
      />
      <AbilityList of={Abilities.Ability} supported />
      <AbilityList of={Abilities.Ability} supported={false} />
    </Section>
  )
}

function AbilityList({
  of,
  supported,
}: {
  readonly of: HsmToken['Abilities']['Ability']
  readonly supported: boolean
}) {
  const say = useTexts(hsmTexts)
  const some = of.filter(({ Supported }) => Supported === supported)
  if (some.length === 0) return null
  const title = say(supported ? 'can.does' : 'can.not')
  return (
    <>
      <h3>{title}</h3>
      <ul aria-label={title} className="consequences">
        {some.map(({ Name, Reason }) => {
          const what = abilityText(Name, say)
          return <li key={Name}>{Reason ? say('ability.lacks', { what, reason: Reason }) : what}</li>
        })}
      </ul>
    </>
  )
}

/** An ability is the cipher of symmetric keys, a spec of key pairs, an algorithm after its operation, or one to import with. */
function abilityText(name: string, say: Say<typeof hsmTexts>): string {
  const [operation, algorithm] = name.split(' ')
  if (name === 'AES-256-GCM') return say('ability.AES-256-GCM')
  if (algorithm) return say(operation === 'AsymmetricSign' ? 'ability.sign' : 'ability.decrypt', { algorithm })
  return name.startsWith('RSAES_') ? say('ability.import', { algorithm: name }) : say('ability.pair', { spec: name })
}
