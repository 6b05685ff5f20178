// Text from outside, such as descriptions and names, made harmless for terminals. Control characters could move the cursor, change the title or
// type keys; others hide or reorder what a person reads. JSON escapes only a part of them: xterm obeys U+009B as it obeys ESC [.

/** The text as one line. */
export function oneLine(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped)
}

/** The text with its own lines and tabs. JSON stays JSON. */
export function withLines(text: string): string {
  return text.replace(/[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/gu, escaped)
}

/** As JSON writes it: \u009b. */
function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}
