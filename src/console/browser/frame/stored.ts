// What the browser remembers of the reader's preferences.
import type { Language } from '../texts/format.ts'

export type Theme = 'light' | 'dark'

/** A preference as it was chosen last; undefined where none was, or where the browser stores nothing. */
function stored<T extends string>(name: string, allowed: readonly T[]): T | undefined {
  try {
    const value = localStorage.getItem(`strongroom.${name}`)
    return allowed.find((one) => one === value)
  } catch {
    return undefined
  }
}

/** The language to begin with: the one that was chosen last, else that of the browser. */
export function firstLanguage(): Language {
  return stored<Language>('language', ['en', 'zh']) ?? (navigator.language.startsWith('zh') ? 'zh' : 'en')
}

/** The theme to begin with, in the same way. */
export function firstTheme(): Theme {
  return (
    stored<Theme>('theme', ['light', 'dark']) ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
  )
}
