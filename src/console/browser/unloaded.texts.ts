import type { Texts } from './texts/format.ts'

export const unloadedTexts = {
  title: ['The console was not loaded', '控制台未能加载'],
  why: [
    'The service may be unreachable, or may have been updated during the load. Load the page again. If that does not help, check that the service runs.',
    '可能是无法连接服务，或者服务刚刚更新过。请重新加载页面。如果仍不能加载，请确认服务正在运行。',
  ],
  again: ['Load again', '重新加载'],
} as const satisfies Texts
