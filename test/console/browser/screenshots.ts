// Pictures of all pages in both languages and both themes, and on a phone: `npm run screenshots FOLDER`.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Desk, type Look } from './desk.ts'
import { everyPage } from './every-page.ts'

const [folder] = process.argv.slice(2)
if (!folder) {
  console.error('usage: npm run screenshots FOLDER')
  process.exit(1)
}
mkdirSync(folder, { recursive: true })

const LOOKS: readonly Look[] = [
  { language: 'en', theme: 'light' },
  { language: 'en', theme: 'dark' },
  { language: 'zh', theme: 'light' },
  { language: 'zh', theme: 'dark' },
  { language: 'en', theme: 'light', width: 390, height: 844 },
]

await using desk = await Desk.open()
const paths = await everyPage(desk)
for (const look of LOOKS) {
  const name = [look.language, look.theme, ...(look.width ? [look.width] : [])].join('-')
  const picture = (page: string) => ({ path: join(folder, `${name}-${page}.png`) })
  const stranger = await desk.page(look)
  await stranger.goto(desk.console)
  await stranger.getByRole('heading', { level: 1 }).waitFor()
  await stranger.screenshot(picture('log-on'))
  await stranger.context().close()
  const page = await desk.root(look)
  for (const [path, address] of Object.entries(paths)) {
    await desk.load(page, address)
    // The editor of policies comes after all answers.
    await page.locator('.ant-skeleton').first().waitFor({ state: 'detached' })
    await page.screenshot({ ...picture(path), fullPage: true })
  }
  await page.context().close()
  console.log(`${name}: ${Object.keys(paths).length + 1} pictures`)
}
for (const fault of desk.takeFaults()) console.log(fault)
