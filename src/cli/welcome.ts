// What a first start prints.
import { extname } from 'node:path'
import { credentialsFile } from '../house/first-start.ts'
import { localAuthority } from '../house/ports.ts'
import type { Credentials } from '../ram/account.ts'
import type { Settings } from '../settings/settings.ts'

/** How the program is called: a package installs it, a checkout has it in its folder. */
const PROGRAM = extname(import.meta.url) === '.ts' ? 'bin/strongroom' : 'strongroom'

/** The account of a first start, and its first call; the secret to a terminal alone, since others read the log of a service, and it is kept. */
export function welcome(
  { accountId, accessKeyId, accessKeySecret }: Credentials,
  endpoint: string,
  settings: Pick<Settings, 'data' | 'tls'>,
  terminal: boolean,
): string {
  const file = credentialsFile(settings)
  return [
    `first start: here is your account${terminal ? ', shown this once' : ''}`,
    `  endpoint         ${endpoint}`,
    `  console          ${endpoint}/console?accesskey (log on there with the AccessKey below)`,
    `  account          ${accountId}`,
    `  AccessKeyId      ${accessKeyId}`,
    ...(terminal
      ? [`  AccessKeySecret  ${accessKeySecret}`, `  (also in ${file}, readable by you alone)`]
      : [`  AccessKeySecret  in ${file}, readable by you alone`]),
    `  try: ${firstCall(endpoint, settings)}`,
  ].join('\n')
}

/** The line for a shell that makes a first key, with the flags without which the command line would look elsewhere. */
function firstCall(endpoint: string, settings: Pick<Settings, 'data' | 'tls'>): string {
  const authority = localAuthority(settings)
  const flags = [
    ...(endpoint === 'http://127.0.0.1:7700' ? [] : ['--endpoint', endpoint]),
    ...(settings.data === './data' ? [] : ['--data', quoted(settings.data)]),
    ...(authority === null ? [] : ['--ca-file', quoted(authority)]),
  ]
  return [PROGRAM, 'kms', 'CreateKey', '--Description', '"my first key"', ...flags].join(' ')
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
