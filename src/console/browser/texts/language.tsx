import { createContext, useCallback, useContext } from 'react'
import { common } from './common.texts.ts'
import { format, type Language, LOCALES, type Texts, type Values } from './format.ts'

const LanguageContext = createContext<Language>('en')
export const LanguageProvider = LanguageContext.Provider
export const useLanguage = (): Language => useContext(LanguageContext)

export type Say<T extends Texts> = (key: keyof T & string, values?: Values) => string

/** Returns what says the texts of a page in the reader's language. */
export function useTexts<T extends Texts>(texts: T): Say<T> {
  const language = useLanguage()
  return useCallback(
    (key, values) => {
      const text = texts[key]
      return text ? format(text, language, values) : key
    },
    [texts, language],
  )
}

export const useCommon = (): Say<typeof common> => useTexts(common)

/** Dates in the reader's language and time zone, to the second. */
export function useDates(): {
  full(date: string): string
  day(date: string | Date): string
  short(date: string): string
  ago(date: string): string
} {
  const language = useLanguage()
  const locale = LOCALES[language]
  return {
    full: (date) => new Date(date).toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'medium' }),
    short: (date) => new Date(date).toLocaleDateString(locale, { dateStyle: 'medium' }),
    day: (date) => new Date(date).toLocaleDateString(locale, { dateStyle: 'long' }),
    ago(date) {
      const relative = new Intl.RelativeTimeFormat(language === 'zh' ? 'zh-CN' : 'en', { numeric: 'auto' })
      const seconds = (Date.parse(date) - Date.now()) / 1000
      const [unit, size] = UNITS.find(([, one]) => Math.abs(seconds) >= one) ?? ['second', 1]
      return relative.format(Math.trunc(seconds / size), unit)
    },
  }
}

const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const
