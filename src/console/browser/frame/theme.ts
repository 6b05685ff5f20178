import { type ThemeConfig, theme } from 'antd'
import type { Theme } from './stored.ts'

const MONO = 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace'
const SANS =
  'system-ui, -apple-system, "Segoe UI", "Helvetica Neue", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'

const PALETTES = {
  light: {
    colorPrimary: '#0d6b57',
    colorLink: '#0d6b57',
    colorLinkHover: '#0a4f41',
    colorLinkActive: '#0a4f41',
    colorBgBase: '#ffffff',
    colorTextBase: '#14201e',
    colorBgLayout: '#f6f8f7',
    colorBorder: '#c4cdca',
    colorBorderSecondary: '#e2e7e5',
    colorError: '#b3261e',
    colorTextPlaceholder: '#667270',
    colorTextDescription: '#56625f',
  },
  dark: {
    colorPrimary: '#43c59e',
    colorLink: '#5fd9b4',
    colorLinkHover: '#8cebcf',
    colorLinkActive: '#8cebcf',
    colorBgBase: '#0b1113',
    colorTextBase: '#e6ecea',
    colorBgLayout: '#0b1113',
    colorBgContainer: '#111a1c',
    colorBgElevated: '#172124',
    colorBorder: '#3a484a',
    colorBorderSecondary: '#243033',
    colorTextLightSolid: '#05140f',
    colorError: '#ff8a80',
    colorTextPlaceholder: '#8b9a98',
    colorTextDescription: '#9aa8a6',
  },
} as const

/** The look of Ant Design's components: dense, flat, with one accent. */
export function themeOf(name: Theme): ThemeConfig {
  const palette = PALETTES[name]
  return {
    algorithm: name === 'dark' ? [theme.darkAlgorithm] : [theme.defaultAlgorithm],
    hashed: false,
    // The build has the styles of the components in a file: they follow the variables that these tokens become.
    zeroRuntime: true,
    token: {
      ...palette,
      borderRadius: 4,
      fontFamily: SANS,
      fontFamilyCode: MONO,
      fontSize: 14,
      controlHeight: 32,
      motion: !matchMedia('(prefers-reduced-motion: reduce)').matches,
      motionDurationMid: '0.1s',
      motionDurationSlow: '0.15s',
      boxShadowSecondary: '0 8px 24px rgb(0 0 0 / 18%)',
    },
    components: {
      Table: {
        headerBg: 'transparent',
        headerColor: palette.colorTextDescription,
        headerSplitColor: 'transparent',
        cellPaddingBlockSM: 5,
      },
      Tooltip: name === 'dark' ? { colorBgSpotlight: '#2a373a', colorTextLightSolid: '#e6ecea' } : {},
      Segmented: { trackBg: palette.colorBorderSecondary },
      Button: { primaryShadow: 'none', defaultShadow: 'none', dangerShadow: 'none', fontWeight: 500 },
    },
  }
}
