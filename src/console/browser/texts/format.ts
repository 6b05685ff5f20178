// Texts in both languages, side by side, so that none can lack its translation.

export type Language = 'en' | 'zh'
/** English tells one thing from several. */
export type English = string | { readonly one: string; readonly other: string }
export type Texts = Readonly<Record<string, readonly [english: English, chinese: string]>>
export type Values = Readonly<Record<string, string | number>>

/** Puts values into `{name}` of a text. The value `count` chooses between one and several. */
export function format([english, chinese]: Texts[string], language: Language, values: Values = {}): string {
  const text = language === 'zh' ? chinese : plain(english, values['count'])
  return text.replace(/\{(\w+)\}/g, (all, name: string) => shown(values[name], language) ?? all)
}

function plain(text: English, count: string | number | undefined): string {
  if (typeof text === 'string') return text
  return new Intl.PluralRules('en').select(Number(count)) === 'one' ? text.one : text.other
}

function shown(value: string | number | undefined, language: Language): string | undefined {
  return typeof value === 'number' ? value.toLocaleString(LOCALES[language]) : value
}

export const LOCALES: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' }
