// The text of a first start.
import { extname } from 'node:path'
import { localAuthority } from '../house/ports.ts'
import type { Credentials } from '../ram/account.ts'
import { credentialsFile } from '../settings/credentials-file.ts'
import type { Settings } from '../settings/settings.ts'

/** The name of the program: a package installs it on the PATH, a checkout has it in a folder. */
const PROGRAM = extname(import.meta.url) === '.ts' ? 'bin/strongroom' : 'strongroom'

/**
 * The account of a first start, and a first call. The secret appears only on a terminal: other people read the log of a service, and logs
 * are kept.
 */
export function welcome(
  { accountId, accessKeyId, accessKeySecret }: Credentials,
  endpoint: string,
  settings: Pick<Settings, 'data' | 'tls'>,
  terminal: boolean,
): string {
  const file = credentialsFile(settings.data)
  return [
    `first start: your new account${terminal ? ', shown only once' : ''}`,
    `  endpoint         ${endpoint}`,
    `  console          ${endpoint}/console?accesskey (log on there with the AccessKey below)`,
    `  account          ${accountId}`,
    `  AccessKeyId      ${accessKeyId}`,
    ...(terminal
      ? [`  AccessKeySecret  ${accessKeySecret}`, `  (also in ${file}, readable only by you)`]
      : [`  AccessKeySecret  in ${file}, readable only by you`]),
    `  try: ${firstCall(endpoint, settings)}`,
  ].join('\n')
}

/** A shell line that creates a first key, with the flags that the command line needs to find this server. */
function firstCall(endpoint: string, settings: Pick<Settings, 'data' | 'tls'>): string {
  const authority = localAuthority(settings)
  const flags = [
    ...(endpoint === 'http://127.0.0.1:7700' ? [] : ['--endpoint', quoted(endpoint)]),
    ...(settings.data === './data' ? [] : ['--data', quoted(settings.data)]),
    ...(authority === null ? [] : ['--ca-file', quoted(authority)]),
  ]
  return [PROGRAM, 'kms', 'CreateKey', '--Description', '"my first key"', ...flags].join(' ')
}

function quoted(word: string): string {
  return /^[\w./:-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
