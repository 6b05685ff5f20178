// The conversation of a plugin with age: commands and replies, each a stanza (https://c2sp.org/age-plugin).
import { encodeStanza, type Stanza, StanzaLines } from '../cryptography/age-header.ts'

/** The longest line, in bytes. */
const MOST_HELD_BYTES = 1024 * 1024

export class Talk {
  readonly #stanzas: AsyncIterator<Stanza>
  readonly #say: (text: string) => void

  /** `say` sends text to age. */
  constructor(input: AsyncIterable<Uint8Array>, say: (text: string) => void) {
    this.#stanzas = stanzasIn(input)
    this.#say = say
  }

  /** Yields the commands of a phase that age controls. */
  async *phase(): AsyncGenerator<Stanza> {
    for (let stanza = await this.#next(); stanza.args[0] !== 'done'; stanza = await this.#next()) yield stanza
  }

  /** Sends a command of the phase that the plugin controls, and waits for the reply. */
  async command(stanza: Stanza): Promise<void> {
    this.#say(encodeStanza(stanza))
    await this.#next()
  }

  /** Asks age to show a message to the user. */
  async tell(message: string): Promise<void> {
    await this.command({ args: ['msg'], body: Buffer.from(message) })
  }

  /** Reports the faults and ends the phase. */
  async end(faults: readonly { readonly place: readonly string[]; readonly why: string }[]): Promise<void> {
    for (const { place, why } of faults) await this.command({ args: ['error', ...place], body: Buffer.from(why) })
    this.#say(encodeStanza({ args: ['done'], body: new Uint8Array(0) }))
  }

  async #next(): Promise<Stanza> {
    const { value, done } = await this.#stanzas.next()
    if (done) throw new Error('age ended the conversation early')
    return value
  }
}

async function* stanzasIn(input: AsyncIterable<Uint8Array>): AsyncGenerator<Stanza> {
  const lines = new StanzaLines()
  let held = ''
  for await (const piece of input) {
    const some = (held + Buffer.from(piece).toString('latin1')).split('\n')
    held = some.pop() ?? ''
    if (held.length > MOST_HELD_BYTES) throw new Error('age sent a line of more than 1 MiB')
    for (const line of some) {
      const stanza = lines.take(line)
      if (stanza) yield stanza
    }
  }
}
