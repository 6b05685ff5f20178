// The web browser of the person at the terminal.
import { spawn } from 'node:child_process'
import type { Surroundings } from './surroundings.ts'

/** How a browser is opened here; null where there is probably none: no desktop, or a terminal from afar. */
export function browserCommand(
  { env }: Pick<Surroundings, 'env'>,
  platform = process.platform,
): readonly string[] | null {
  const own = env['BROWSER']
  if (own) return [own]
  if (env['SSH_CONNECTION']) return null
  if (platform === 'darwin') return ['open']
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler']
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? ['xdg-open'] : null
}

/** Opens the address; calls `failed` when the browser can't be started. */
export function openInBrowser([program = '', ...args]: readonly string[], url: string, failed: () => void): void {
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true })
  child.once('error', failed)
  child.once('exit', (code) => {
    if (code) failed()
  })
  child.unref()
}
