// Opens the web browser of the person at the terminal.
import { spawn } from 'node:child_process'
import type { Surroundings } from './surroundings.ts'

/**
 * The commands that may open a browser here, in order. BROWSER is read as xdg-open reads it: colons between commands, `%s` for the address.
 * Empty where there is probably no browser: no desktop, or an SSH session.
 */
export function browserCommands({ env }: Pick<Surroundings, 'env'>, platform = process.platform): readonly string[] {
  const own = (env['BROWSER'] ?? '').split(':').filter((command) => command.trim() !== '')
  if (own.length > 0) return own
  if (env['SSH_CONNECTION']) return []
  if (platform === 'darwin') return ['open']
  return env['DISPLAY'] || env['WAYLAND_DISPLAY'] ? ['xdg-open'] : []
}

/** Opens the address with the first command that does not fail; calls `failed` when all fail. */
export function openInBrowser([command, ...others]: readonly string[], url: string, failed: () => void): void {
  if (command === undefined) {
    failed()
    return
  }
  const words = command.trim().split(/\s+/)
  const [program = '', ...args] = words.some((word) => word.includes('%s')) ? words : [...words, '%s']
  const next = () => openInBrowser(others, url, failed)
  const child = spawn(
    program,
    args.map((word) => word.replaceAll('%s', () => url)),
    { stdio: 'ignore', detached: true },
  )
  child.once('error', next)
  child.once('exit', (code) => {
    if (code) next()
  })
  child.unref()
}
