import { Link } from 'react-router'
import { Ready, Section } from '../../parts/page.tsx'
import { useTexts } from '../../texts/language.tsx'
import { attentionTexts } from './attention.texts.ts'
import type { Lacks } from './lacks.ts'
import { NEARLY_FULL, type Quota, useQuotas } from './quotas.ts'

/** How much of each quota is used, as far as it could be read: Attention says what could not. */
export function QuotaSection({ lacks }: { readonly lacks: Lacks }) {
  const say = useTexts(attentionTexts)
  const readable = useQuotas(lacks).filter(({ lack, source }) => !lack && !source.error)
  if (readable.length === 0) return null
  return (
    <Section title={say('quotas')}>
      {readable.map(({ product, quotas, source }) => (
        <Ready key={product} of={source}>
          {() => <Quotas of={quotas} />}
        </Ready>
      ))}
    </Section>
  )
}

function Quotas({ of }: { readonly of: readonly Quota[] }) {
  const say = useTexts(attentionTexts)
  return (
    <ul className="quotas">
      {of.map(({ id, name, used, limit, to }) => (
        <li key={id}>
          <Link to={to}>{name}</Link>
          <meter aria-label={name} high={NEARLY_FULL * limit} max={limit} min={0} value={used} />
          <span className="muted">{say('quota.of', { used, limit })}</span>
        </li>
      ))}
    </ul>
  )
}
