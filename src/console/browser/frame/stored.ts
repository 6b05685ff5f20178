// The preferences that the browser stores.
import type { Language } from '../texts/format.ts'

export type Theme = 'light' | 'dark'

/** The last chosen preference; undefined if there is none, or if the browser stores nothing. */
function stored<T extends string>(name: string, allowed: readonly T[]): T | undefined {
  try {
    const value = localStorage.getItem(`strongroom.${name}`)
    return allowed.find((one) => one === value)
  } catch {
    return undefined
  }
}

/** The initial language: the last chosen one, else that of the browser. */
export function firstLanguage(): Language {
  return stored<Language>('language', ['en', 'zh']) ?? (navigator.language.startsWith('zh') ? 'zh' : 'en')
}

/** The initial theme, in the same way. */
export function firstTheme(): Theme {
  return (
    stored<Theme>('theme', ['light', 'dark']) ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
  )
}
