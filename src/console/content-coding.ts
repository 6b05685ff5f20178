// Which of the stored forms of a file a client takes (RFC 9110, 12.5.3).

/** The codings that builds have, the smaller one first, each with the ending of its files. */
export const CODINGS = { br: '.br', gzip: '.gz' } as const
export type Coding = keyof typeof CODINGS

const ALL = Object.keys(CODINGS) as readonly Coding[]

/** Returns the first of these codings that `Accept-Encoding` allows; null where the file goes out as it is. */
export function codingFor(acceptEncoding: string, available: (coding: Coding) => boolean): Coding | null {
  const allowed = new Map<string, boolean>()
  for (const one of acceptEncoding.toLowerCase().split(',')) {
    const [name = '', ...parameters] = one.split(';').map((part) => part.trim())
    allowed.set(name === 'x-gzip' ? 'gzip' : name, !parameters.some((part) => /^q=0(\.0{0,3})?$/.test(part)))
  }
  return ALL.find((coding) => available(coding) && (allowed.get(coding) ?? allowed.get('*') ?? false)) ?? null
}
