// What the reader prefers: language and theme, all that this application stores in the browser.
import { useState } from 'react'
import type { Language } from '../texts/format.ts'
import { firstLanguage, firstTheme, type Theme } from './stored.ts'

interface Preferences {
  readonly language: Language
  readonly theme: Theme
  setLanguage(language: Language): void
  setTheme(theme: Theme): void
}

export function usePreferences(): Preferences {
  const [language, setLanguage] = useState(firstLanguage)
  const [theme, setTheme] = useState(firstTheme)
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
  document.documentElement.dataset['theme'] = theme
  return {
    language,
    theme,
    setLanguage(next) {
      store('language', next)
      setLanguage(next)
    },
    setTheme(next) {
      store('theme', next)
      setTheme(next)
    },
  }
}

/** A browser that stores nothing forgets the preference with the page. */
function store(name: string, value: string): void {
  try {
    localStorage.setItem(`strongroom.${name}`, value)
  } catch {}
}
