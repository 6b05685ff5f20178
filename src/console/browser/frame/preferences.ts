// What the reader prefers: language and theme, all that this application stores in the browser.
import { useState } from 'react'
import type { Language } from '../texts/format.ts'

export type Theme = 'light' | 'dark'

interface Preferences {
  readonly language: Language
  readonly theme: Theme
  setLanguage(language: Language): void
  setTheme(theme: Theme): void
}

export function usePreferences(): Preferences {
  const [language, setLanguage] = useState<Language>(
    stored<Language>('language', ['en', 'zh']) ?? (navigator.language.startsWith('zh') ? 'zh' : 'en'),
  )
  const [theme, setTheme] = useState<Theme>(
    stored<Theme>('theme', ['light', 'dark']) ??
      (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'),
  )
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

function stored<T extends string>(name: string, allowed: readonly T[]): T | undefined {
  try {
    const value = localStorage.getItem(`strongroom.${name}`)
    return allowed.find((one) => one === value)
  } catch {
    return undefined
  }
}

/** A browser that stores nothing forgets the preference with the page. */
function store(name: string, value: string): void {
  try {
    localStorage.setItem(`strongroom.${name}`, value)
  } catch {}
}
