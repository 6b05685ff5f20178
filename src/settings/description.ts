// Descriptions of all settings, made from their rows: the help of flags, the JSON Schema of the configuration file, the reference page.
import { environmentName, type Schema, type Setting } from './row.ts'
import { ENVIRONMENT_ONLY, GROUPS, SETTINGS } from './settings.ts'
import { SCHEMA_MEMBER } from './sources.ts'

/** The help of `serve`'s flags. */
export function settingsHelp(): string {
  const lines = Object.entries(SETTINGS).map(([name, setting]) => {
    const shown = defaultOf(setting)
    const facts = [valuesOf(setting), shown && `default: ${shown}`].filter(Boolean).join('; ')
    const flag = `${name} ${setting.reader.placeholder}`
    return `  --${flag.padEnd(36)} ${setting.help}${facts && ` (${facts})`}`
  })
  return [
    ...lines,
    `  --${'config-schema'.padEnd(36)} print the JSON Schema of the configuration file, and do nothing else`,
    `  --${'temporary'.padEnd(36)} with --dev: keep all data in a temporary folder, and remove it at the end`,
    `  --${'stop-at-end-of-input'.padEnd(36)} stop when standard input ends, for example because the parent process has ended`,
    '',
    'Each other flag has an environment variable: STRONGROOM_ and its name in capitals, with _ for - (STRONGROOM_LISTEN).',
    'The environment alone gives these:',
    ...Object.entries(ENVIRONMENT_ONLY).map(([name, help]) => `  ${name.padEnd(38)} ${help}`),
  ].join('\n')
}

function defaultOf({ fallback, shown }: Setting): string {
  return shown ?? fallback ?? ''
}

/** The valid values, unless the placeholder already lists them. */
function valuesOf({ reader: { rule, placeholder } }: Setting): string {
  return rule.replaceAll(', ', '|') === placeholder ? '' : rule
}

/** The JSON Schema (draft 2020-12) of the configuration file. */
export function configurationSchema(): Schema {
  const settings = Object.entries(SETTINGS).filter(([name]) => name !== 'config')
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'The configuration file of strongroom serve',
    type: 'object',
    properties: {
      [SCHEMA_MEMBER]: { type: 'string' },
      ...Object.fromEntries(settings.map(([name, setting]) => [name, schemaOf(setting)])),
    },
    additionalProperties: false,
  }
}

function schemaOf({ reader: { schema }, help, fallback }: Setting): Schema {
  return { description: help, ...schema, ...(fallback !== undefined && { default: jsonOf(fallback, schema) }) }
}

/** A default as the configuration file writes it. */
function jsonOf(fallback: string, { type }: Schema): unknown {
  return type === 'integer' || type === 'boolean' ? JSON.parse(fallback) : fallback
}

/** The page of all settings, Markdown. */
export function settingsPage(madeBy: string): string {
  const groups = Object.entries(GROUPS).map(([title, rows]) => {
    const lines = Object.entries(rows).map(([name, setting]) => {
      const { placeholder, rule } = setting.reader
      const value = valuesOf(setting) ? `${placeholder}: ${rule}` : placeholder
      return row([`\`--${name}\``, `\`${environmentName(name)}\``, `\`${value}\``, defaultOf(setting), setting.help])
    })
    return [
      `## ${title}\n`,
      row(['flag', 'environment variable', 'value', 'default', 'meaning']),
      row(Array(5).fill('---')),
      ...lines,
    ].join('\n')
  })
  const variables = Object.entries(ENVIRONMENT_ONLY).map(([name, help]) => row([`\`${name}\``, help]))
  return [
    '# Settings',
    madeBy,
    'A flag wins over its environment variable, and that over its key in the JSON file of `--config`, which is the flag without its dashes. `strongroom serve --config-schema` prints the JSON Schema of that file; a member `$schema` in it is ignored. Verbs that open the database take the same flags.',
    ...groups,
    '## The environment alone\n\nNo flag and no file gives what follows.',
    ['| variable | meaning |', '| --- | --- |', ...variables].join('\n'),
    '',
  ].join('\n\n')
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
