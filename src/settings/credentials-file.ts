import { join } from 'node:path'

/** The file in a data folder in which the first start of a server leaves the AccessKey of its account. */
export function credentialsFile(data: string): string {
  return join(data, 'root-credentials.json')
}
