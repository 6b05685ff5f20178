import { useCommon, useDates } from '../texts/language.tsx'

interface Props {
  readonly date: string | undefined
  readonly ago?: boolean
  readonly dayOnly?: boolean
}

/** A date and time to the second, on request with the distance from now. */
export function When({ date, ago = false, dayOnly = false }: Props) {
  const dates = useDates()
  const say = useCommon()
  if (!date) return <span className="muted">{say('say.never')}</span>
  return (
    <time className="when" dateTime={date} title={date}>
      {ago ? dates.ago(date) : dayOnly ? dates.short(date) : dates.full(date)}
    </time>
  )
}
