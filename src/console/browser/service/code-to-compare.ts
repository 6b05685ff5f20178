// The code that a person compares when `strongroom login` opens the console: the page and the terminal must show the same code. The command line
// uses this module, too.

/** The code of a challenge. It is derived from the challenge, so that a page for another challenge shows another code. */
export function codeOf(challenge: string): string {
  const letters = challenge.replace(/[^b-df-hj-np-tv-xz]/gi, '').toUpperCase()
  return `${letters.slice(0, 4)}-${letters.slice(4, 8)}-${letters.slice(8, 12)}`
}
