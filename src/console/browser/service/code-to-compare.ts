// What a person compares when `strongroom login` opens the console: the page and the terminal show the same code. The command line takes it
// from here, too.

/** The code of a challenge. It follows from the challenge, so that a page with another one, which nobody else can use, shows another code. */
export function codeOf(challenge: string): string {
  const letters = challenge.replace(/[^b-df-hj-np-tv-xz]/gi, '').toUpperCase()
  return `${letters.slice(0, 4)}-${letters.slice(4, 8)}-${letters.slice(8, 12)}`
}
