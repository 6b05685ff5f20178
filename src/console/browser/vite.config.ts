// How the browser application is built: hashed files under /console/assets/, nothing inline, so that the policy of the page can be strict.
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'
import { stylesOfUsed } from './component-styles.ts'

export default defineConfig({
  base: '/console/',
  publicDir: false,
  logLevel: 'error',
  plugins: [componentStyles(), nonceOfStyles(), preloaded(), compressed()],
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    emptyOutDir: true,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
    rolldownOptions: {
      onLog: (level, log, report) => void (log.code === 'MODULE_LEVEL_DIRECTIVE' || report(level, log)),
    },
  },
  oxc: { jsx: { runtime: 'automatic' } },
})

/** Removes unused parts of Ant Design's style sheet. */
function componentStyles(): Plugin {
  return {
    name: 'component-styles',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('/antd/dist/antd.css')) return null
      return stylesOfUsed(code, join(dirname(dirname(id)), 'es'), import.meta.dirname)
    },
  }
}

/** Components that add a style of their own without the nonce (locked scrolling, the width of scroll bars) get that of the page. */
function nonceOfStyles(): Plugin {
  const given = 'const {\n    csp,\n    prepend,\n    priority = 0\n  } = option;'
  return {
    name: 'nonce-of-styles',
    transform(code, id) {
      if (!/@rc-component\/util\/es\/Dom\/dynamicCSS\.js$/.test(id)) return null
      if (!code.includes(given))
        throw new Error('dynamicCSS.js is not as it was: check that its styles carry the nonce')
      const page = `{ nonce: document.querySelector('meta[name="csp-nonce"]')?.content }`
      return code.replace(given, given.replace('csp,', `csp = ${page},`))
    },
  }
}

/** The modules of every visit, and the most common first page: the browser loads them as soon as it reads the HTML. */
const PRELOADED = /\/browser\/(?:application|pages\/overview)\.tsx$/

function preloaded(): Plugin {
  return {
    name: 'preloaded',
    transformIndexHtml(html, { bundle = {} }) {
      const chunks = Object.values(bundle).filter((one) => one.type === 'chunk')
      const names = new Set(
        chunks.filter(({ facadeModuleId }) => PRELOADED.test(facadeModuleId ?? '')).map(({ fileName }) => fileName),
      )
      // A set that grows is iterated to its end.
      for (const name of names)
        for (const imported of chunks.find(({ fileName }) => fileName === name)?.imports ?? []) names.add(imported)
      return [...names]
        .map((name) => `/console/${name}`)
        .filter((href) => !html.includes(href))
        .map((href) => ({ tag: 'link', attrs: { rel: 'modulepreload', crossorigin: true, href }, injectTo: 'head' }))
    },
  }
}

/** Puts a .br and a .gz beside each file that a server sends, so that none compresses while it serves. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    // The files on disk are the output of the last plugin.
    async writeBundle({ dir = '' }, bundle) {
      const files = Object.keys(bundle).filter((name) => /\.(js|css|svg)$/.test(name))
      await Promise.all(
        files.map(async (name) => {
          const path = join(dir, name)
          const bytes = await readFile(path)
          await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes))
          await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }))
        }),
      )
    },
  }
}
