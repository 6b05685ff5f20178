import { Link } from 'react-router'
import { useRegion } from '../../frame/region.ts'
import { Description } from '../../parts/description.tsx'
import { CheckIcon, CloseIcon } from '../../parts/icons.tsx'
import { Mono } from '../../parts/mono.tsx'
import { Facts, Section } from '../../parts/page.tsx'
import { KeyStateTag } from '../../parts/state.tsx'
import { When } from '../../parts/when.tsx'
import { isSymmetric } from '../../service/key-specs.ts'
import { paths } from '../../service/paths.ts'
import { useReply } from '../../service/queries.ts'
import type { KeyMetadata } from '../../service/replies/keys.ts'
import type { Events } from '../../service/replies/trail.ts'
import { useCommon, useDates, useTexts } from '../../texts/language.tsx'
import { EventChart } from '../events/event-chart.tsx'
import { eventsOf } from '../events/newest-events.tsx'
import { keyTexts } from '../key.texts.ts'
import { type AliasesReply, AliasList } from './alias-list.tsx'
import { ByHand } from './by-hand.tsx'
import { Expiry } from './expiry.tsx'
import { useWhyUnchangeable } from './service-key.ts'
import { TagList } from './tag-list.tsx'

export function Details({ metadata, aliases }: { readonly metadata: KeyMetadata; readonly aliases: AliasesReply }) {
  const say = useTexts(keyTexts)
  const common = useCommon()
  const unchangeable = useWhyUnchangeable(metadata)
  const isExternal = metadata.Origin === 'EXTERNAL'
  return (
    <div className="columns">
      <div>
        <Section title={say('details')}>
          <Facts
            of={[
              [say('id'), <Mono key="id" label={say('id')} text={metadata.KeyId} />],
              [say('arn'), <Mono key="arn" label={say('arn')} text={metadata.Arn} />],
              [common('field.state'), <KeyStateTag key="state" state={metadata.KeyState} />],
              [
                common('field.description'),
                <Description
                  arn={metadata.Arn}
                  because={unchangeable}
                  key="description"
                  of={{ KeyId: metadata.KeyId }}
                  operation="UpdateKeyDescription"
                  text={metadata.Description}
                />,
              ],
              [say('level'), common(`level.${metadata.ProtectionLevel}`)],
              [say('origin'), common(`origin.${metadata.Origin}`)],
              [
                say('spec'),
                <code className="mono" key="spec">
                  {metadata.KeySpec}
                </code>,
              ],
              [say('purpose'), say(`purpose.${metadata.KeyUsage}`)],
              [
                say('rotation'),
                isSymmetric(metadata.KeySpec) ? common(`rotation.${metadata.AutomaticRotation}`) : undefined,
              ],
              [say('protection'), say(`protection.${metadata.DeletionProtection}`)],
              [say('expires'), isExternal ? <Expiry key="expires" metadata={metadata} /> : undefined],
              [say('delete.date'), metadata.DeleteDate ? <When date={metadata.DeleteDate} key="delete" /> : undefined],
              [
                say('creator'),
                <code className="mono" key="creator">
                  {metadata.Creator}
                </code>,
              ],
              [common('field.created'), <When date={metadata.CreationDate} key="created" />],
            ]}
          />
        </Section>
        <LastCalls keyId={metadata.KeyId} />
      </div>
      <div>
        <StateAllows metadata={metadata} />
        <ByHand metadata={metadata} />
        <AliasList aliases={aliases} metadata={metadata} />
        <TagList metadata={metadata} />
      </div>
    </div>
  )
}

function StateAllows({ metadata }: { readonly metadata: KeyMetadata }) {
  const { KeySpec, KeyState, KeyUsage, Origin, DeleteDate } = metadata
  const unchangeable = useWhyUnchangeable(metadata)
  const say = useTexts(keyTexts)
  const common = useCommon()
  const dates = useDates()
  if (unchangeable)
    return (
      <Section title={say('allows')}>
        <p>{unchangeable}</p>
      </Section>
    )
  const isOn = KeyState === 'Enabled'
  const use = isSymmetric(KeySpec) ? 'allow.use' : KeyUsage === 'SIGN/VERIFY' ? 'allow.sign' : 'allow.pair'
  const rows = [
    [use, isOn],
    isSymmetric(KeySpec)
      ? (['allow.rotate', isOn && Origin !== 'EXTERNAL'] as const)
      : (['allow.version', isOn] as const),
    ...(Origin === 'EXTERNAL' ? ([['allow.import', isOn || KeyState === 'PendingImport']] as const) : []),
    ['allow.delete', KeyState !== 'PendingDeletion'],
    ['allow.cancel', KeyState === 'PendingDeletion'],
  ] as const
  return (
    <Section title={say('allows')}>
      <ul className="allows">
        {rows.map(([text, can]) => (
          <li className={can ? 'yes' : 'no'} key={text}>
            {can ? <CheckIcon /> : <CloseIcon />} {say(text)}
            <span className="heard">{common(can ? 'say.can' : 'say.cannot')}</span>
          </li>
        ))}
      </ul>
      {KeyState !== 'Enabled' && (
        <p>{say(`why.${KeyState}`, KeyState === 'PendingDeletion' ? { date: dates.day(DeleteDate) } : {})}</p>
      )}
    </Section>
  )
}

/** A chart of the calls of the last days; absent for a caller who may not look up events. */
function LastCalls({ keyId }: { readonly keyId: string }) {
  const say = useTexts(keyTexts)
  const region = useRegion()
  const events = useReply<Events>('Actiontrail', 'LookupEvents', eventsOf(keyId))
  if (!events.data) return null
  return (
    <Section actions={<Link to={paths.key(region, keyId, 'events')}>{say('events')}</Link>} title={say('events.last')}>
      <EventChart events={events.data.Events} />
    </Section>
  )
}
