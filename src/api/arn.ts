// Resource names of the cloud: acs:service:region:account:resource (docs/reference/policy-language.md).

/** The parts of an ARN; `resource` is what follows the fourth colon. */
export interface Arn {
  readonly service: string
  readonly region: string
  readonly account: string
  readonly resource: string
}

export function formatArn({ service, region, account, resource }: Arn): string {
  return `acs:${service}:${region}:${account}:${resource}`
}

/** Parses an ARN; null when the text is not one. */
export function parseArn(text: string): Arn | null {
  if (!text.startsWith('acs:')) return null
  const match = /^acs:([^:]*):([^:]*):([^:]*):(.+)$/s.exec(text)
  if (!match) return null
  const [, service = '', region = '', account = '', resource = ''] = match
  return { service, region, account, resource }
}
