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
  const written = (style: Style, date: string | Date) => dateFormat(language, style).format(new Date(date))
  return {
    full: (date) => written('full', date),
    short: (date) => written('short', date),
    day: (date) => written('day', date),
    ago(date) {
      const relative = new Intl.RelativeTimeFormat(language === 'zh' ? 'zh-CN' : 'en', { numeric: 'auto' })
      const seconds = (Date.parse(date) - Date.now()) / 1000
      const [unit, size] = UNITS.find(([, one]) => Math.abs(seconds) >= one) ?? ['second', 1]
      return relative.format(Math.trunc(seconds / size), unit)
    },
  }
}

const STYLES = {
  full: { dateStyle: 'medium', timeStyle: 'medium' },
  short: { dateStyle: 'medium' },
  day: { dateStyle: 'long' },
} as const satisfies Readonly<Record<string, Intl.DateTimeFormatOptions>>
type Style = keyof typeof STYLES

/** To make one costs more than a hundred dates. */
const formats = new Map<string, Intl.DateTimeFormat>()

function dateFormat(language: Language, style: Style): Intl.DateTimeFormat {
  const name = `${language} ${style}`
  const format = formats.get(name) ?? new Intl.DateTimeFormat(LOCALES[language], STYLES[style])
  formats.set(name, format)
  return format
}

const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const
