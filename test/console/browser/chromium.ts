// The browser before the console: Debian's Chromium.
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/** Chromium without the windows, menus and profiles that nobody sees here: it loads a page with two thirds of the work. */
const HEADLESS = '/usr/bin/chromium-headless-shell'

/** The program of the browser, whether it is installed or not. */
export const BROWSER = existsSync(HEADLESS) ? HEADLESS : '/usr/bin/chromium'

/** The name of another machine, which leads to this one. */
export const ELSEWHERE = 'strongroom.test'

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: BROWSER,
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      // A name that is not this machine's: pages from it over plain HTTP have no clipboard and no cryptography.
      `--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`,
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  })
}
