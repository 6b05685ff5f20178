// What stands in place of the application when the browser could not load it.
import { firstLanguage, firstTheme } from './frame/stored.ts'
import { format, LOCALES } from './texts/format.ts'
import { unloadedTexts } from './unloaded.texts.ts'

/** Shows that the application could not be loaded, the possible causes, and a button to load it again. */
export function showUnloaded(root: HTMLElement): void {
  const language = firstLanguage()
  const say = (key: keyof typeof unloadedTexts) => format(unloadedTexts[key], language)
  const element = <K extends keyof HTMLElementTagNameMap>(name: K, text: string) =>
    Object.assign(document.createElement(name), { textContent: text })
  const again = element('button', say('again'))
  again.addEventListener('click', () => location.reload())
  const notice = document.createElement('main')
  notice.className = 'unloaded'
  notice.setAttribute('role', 'alert')
  notice.append(element('h1', say('title')), element('p', say('why')), again)
  document.documentElement.lang = LOCALES[language]
  document.documentElement.dataset['theme'] = firstTheme()
  root.replaceChildren(notice)
}
