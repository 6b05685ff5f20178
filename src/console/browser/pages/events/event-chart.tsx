import type { TrailEvent } from '../../service/replies/trail.ts'
import { useDates, useTexts } from '../../texts/language.tsx'
import { eventTexts } from '../events.texts.ts'

const BARS = 48
const [WIDTH, HEIGHT] = [720, 72]
const TOP = 4

/** Successful and refused calls over time. */
export function EventChart({ events }: { readonly events: readonly TrailEvent[] }) {
  const say = useTexts(eventTexts)
  const dates = useDates()
  const times = events.map(({ eventTime }) => Date.parse(eventTime))
  if (times.length < 2) return null
  const from = Math.min(...times)
  const to = Math.max(...times)
  const step = Math.max(1000, (to - from + 1) / BARS)
  const bars = Array.from({ length: BARS }, (_, place) => ({ place, ok: 0, refused: 0 }))
  for (const { eventTime, errorCode } of events) {
    const bar = bars[Math.min(BARS - 1, Math.floor((Date.parse(eventTime) - from) / step))]
    if (bar) bar[errorCode ? 'refused' : 'ok']++
  }
  const highest = Math.max(...bars.map(({ ok, refused }) => ok + refused))
  const height = (count: number) => (count / highest) * (HEIGHT - 6)
  const refused = events.filter(({ errorCode }) => errorCode).length
  const counts = Map.groupBy(events, ({ eventName }) => eventName)
  const list = [...counts]
    .toSorted(([, one], [, other]) => other.length - one.length)
    .slice(0, TOP)
    .map(([name, all]) => `${name} ${all.length}`)
    .join(' · ')
  const at = (time: number) => dates.full(new Date(time).toISOString())
  // The last bar may end later than the last call.
  const span = { from: at(from), to: at(Math.max(to, from + BARS * step)) }
  const text = say('chart.says', { total: events.length, refused, from: at(from), to: at(to) })
  return (
    <figure aria-label={say('chart.of')} className="chart-box">
      <svg aria-label={text} className="chart" preserveAspectRatio="none" role="img" viewBox={`0 0 ${WIDTH} ${HEIGHT}`}>
        <line className="axis" x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} />
        {bars.map(({ place, ok, refused }) => {
          const x = (place * WIDTH) / BARS + 1
          const width = WIDTH / BARS - 2
          return (
            <g key={place}>
              <rect className="ok" height={height(ok)} width={width} x={x} y={HEIGHT - 1 - height(ok)} />
              <rect
                className="refused-bar"
                height={height(refused)}
                width={width}
                x={x}
                y={HEIGHT - 1 - height(ok) - height(refused)}
              />
            </g>
          )
        })}
      </svg>
      <div aria-hidden="true" className="chart-ends">
        <span>{span.from}</span>
        <span>{span.to}</span>
      </div>
      <figcaption className="legend">
        <span>
          <i />
          {say('chart.ok')} {events.length - refused}
        </span>
        <span>
          <i className="refused-bar" />
          {say('chart.refused')} {refused}
        </span>
        <span>{say('top', { list })}</span>
      </figcaption>
    </figure>
  )
}
