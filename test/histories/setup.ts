// What families make their groups of records with, before the first call of a history.
import { type Called, type Credentials, call } from '../acceptance/program.ts'
import type { Pair } from './ask.ts'

export interface Setup {
  readonly accountId: string
  /** Distinguishes the names of this group. */
  readonly unique: string
  /** Calls as the account, and expects success; returns the body. Throws Lost when the service is away. */
  must(action: string, parameters?: Record<string, string>): Promise<Called['body']>
  /** Makes a user with a policy of its own name and these statements, or with none; returns its AccessKey. */
  user(name: string, statements: readonly object[]): Promise<Pair>
}

/** The service was away, so a group is half made, if at all. */
export class Lost extends Error {}

export function setupOf(endpoint: string, credentials: Credentials, unique: string): Setup {
  const must: Setup['must'] = async (action, parameters = {}) => {
    const answer = await call(endpoint, credentials, action, parameters, Date.now()).catch((error: Error) => {
      throw new Lost(error.message)
    })
    if (answer.status === 503) throw new Lost(`${action}: ${JSON.stringify(answer.body)}`)
    if (answer.status !== 200) throw new Error(`${action} ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  return {
    accountId: credentials.accountId,
    unique,
    must,
    async user(name, statements) {
      const ram = { Version: '2015-05-01', UserName: name }
      await must('CreateUser', ram)
      if (statements.length > 0) {
        const PolicyDocument = JSON.stringify({ Version: '1', Statement: statements })
        await must('CreatePolicy', { ...ram, PolicyName: name, PolicyDocument })
        await must('AttachPolicyToUser', { ...ram, PolicyType: 'Custom', PolicyName: name })
      }
      const { AccessKeyId, AccessKeySecret } = (await must('CreateAccessKey', ram)).AccessKey
      return { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret }
    },
  }
}
