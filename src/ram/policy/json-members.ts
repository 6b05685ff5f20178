// Detects duplicate members in JSON. JSON.parse silently keeps the last of them, which would make a policy ambiguous.

const COLON = /\s*:/y

/** Returns a member name that occurs twice in one object of a valid JSON text, or null. */
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
