import { Button, Spin } from 'antd'
import { Link } from 'react-router'
import { lackOf, statementFor, WhyNot } from '../../parts/allowed.tsx'
import { CopyBox } from '../../parts/copy-box.tsx'
import { Nothing, Section } from '../../parts/page.tsx'
import { Badge } from '../../parts/state.tsx'
import { useCommon, useTexts } from '../../texts/language.tsx'
import { attentionTexts } from './attention.texts.ts'
import type { Finding, Looked } from './finding.ts'
import type { Lacks } from './lacks.ts'
import {
  useAbsentTokens,
  useFailedDeliveries,
  useIdleKeys,
  useKeysInNeed,
  useTightQuotas,
  useTrailInDoubt,
} from './looking.ts'

/** Lists everything that needs attention, with links to the pages for it, and the checks that could not be made. */
export function Attention({ lacks, importing }: { readonly lacks: Lacks; readonly importing: readonly string[] }) {
  const say = useTexts(attentionTexts)
  const places: readonly (Looked | null)[] = [
    useTrailInDoubt(lacks),
    useAbsentTokens(lacks),
    useFailedDeliveries(lacks),
    useKeysInNeed(lacks, importing),
    ...useTightQuotas(lacks),
    useIdleKeys(lacks),
  ]
  const all = places.filter((place) => place !== null)
  const findings = all.flatMap((place) => place.findings)
  const isPending = all.some((place) => place.isPending)
  const isWell = !isPending && findings.length === 0 && all.every(({ error, lacks: lack }) => !error && !lack)
  return (
    <Section title={say('title')}>
      {isWell ? (
        <Nothing text={say('well')} />
      ) : (
        <ul aria-busy={isPending} className="attention">
          {findings.map((finding) => (
            <Line finding={finding} key={finding.id} />
          ))}
          {all.map((place) => (
            <Unknown key={`${place.name} ${place.lacks?.action}`} place={place} />
          ))}
          <Missing places={all} />
          {isPending && (
            <li>
              <Spin size="small" /> <span className="muted">{say('looking')}</span>
            </li>
          )}
        </ul>
      )}
    </Section>
  )
}

function Line({ finding: { tone, badge, to, link, isId, says, note } }: { readonly finding: Finding }) {
  return (
    <li>
      <Badge tone={tone}>{badge}</Badge>
      <Link className={isId ? 'mono' : ''} to={to}>
        {link}
      </Link>
      {says && <span>{says}</span>}
      {note && <span className="muted">{note}</span>}
    </li>
  )
}

/** A check that could not be made: the policies do not allow it, or the service did not answer. */
function Unknown({ place: { name, lacks, error, again } }: { readonly place: Looked }) {
  const say = useTexts(attentionTexts)
  const common = useCommon()
  if (!lacks && !error) return null
  return (
    <li className="unseen">
      <Badge tone="idle">{name}</Badge>
      {lacks &&
        (lackOf(lacks).isExplicit ? (
          <WhyNot {...lackOf(lacks)} />
        ) : (
          <span>{common('refused.short', { action: lacks.action })}</span>
        ))}
      {error && (
        <>
          <span>{say('unknown', { message: error.message })}</span>
          <Button onClick={again} size="small">
            {common('do.retry')}
          </Button>
        </>
      )}
    </li>
  )
}

/** The statements that would allow all checks, shown on request. */
function Missing({ places }: { readonly places: readonly Looked[] }) {
  const say = useTexts(attentionTexts)
  const lacks = places.flatMap(({ lacks }) => (lacks ? [lackOf(lacks)] : [])).filter(({ isExplicit }) => !isExplicit)
  if (lacks.length === 0) return null
  const statements = [...new Set(lacks.map(statementFor))]
  const title = say('statements', { count: statements.length })
  return (
    <li>
      <details className="statements">
        <summary>{title}</summary>
        <CopyBox label={title} look="document" text={statements.join(',\n')} />
      </details>
    </li>
  )
}
