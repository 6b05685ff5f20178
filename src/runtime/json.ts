// Objects of JSON, as opposed to arrays and plain values.

export type JsonObject = Readonly<Record<string, unknown>>

/** Whether a value is an object of JSON. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const COLON = /\s*:/y

/** The name of a member that one object in a valid text of JSON has twice, or null. JSON.parse keeps only the last such member. */
export function duplicateMember(json: string): string | null {
  const open: (Set<string> | null)[] = []
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]]/gs
  for (let match = tokens.exec(json); match; match = tokens.exec(json)) {
    const [token] = match
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(null)
    else if (token === '}' || token === ']') open.pop()
    else {
      const names = open.at(-1)
      COLON.lastIndex = tokens.lastIndex
      if (!names || !COLON.test(json)) continue
      const name = JSON.parse(token) as string
      if (names.has(name)) return name
      names.add(name)
    }
  }
  return null
}

/** The value of a text of JSON; undefined for any other text, and where an object has a member twice. */
export function unambiguousJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return duplicateMember(text) === null ? value : undefined
  } catch {
    return undefined
  }
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c]
/** 1 for each of `[`, `{` and `,`. */
const BEGINS_VALUE = Uint8Array.from({ length: 256 }, (_, byte) => ('[{,'.includes(String.fromCharCode(byte)) ? 1 : 0))

/** How many lists, objects and further values in them a text of JSON has: parsing it takes time in proportion. */
export function valuesIn(json: Uint8Array): number {
  let count = 0
  let isText = false
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] ?? 0
    if (isText && byte === BACKSLASH) at++
    else if (byte === QUOTE) isText = !isText
    else if (!isText) count += BEGINS_VALUE[byte] ?? 0
  }
  return count
}

/** The object in a text of JSON; null for any other text. */
export function jsonObjectIn(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : null
  } catch {
    return null
  }
}
