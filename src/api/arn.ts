// Resource names of the cloud: acs:service:region:account:resource (contract/kms.md section 10).

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

/** Reads an ARN, or null when the text is none. */
export function parseArn(text: string): Arn | null {
  const match = /^acs:([^:]*):([^:]*):([^:]*):(.+)$/s.exec(text)
  if (!match) return null
  const [, service = '', region = '', account = '', resource = ''] = match
  return { service, region, account, resource }
}
