// Calling RAM and STS in a test house.
import type { Called, Credentials } from '../acceptance/program.ts'
import { call } from '../acceptance/program.ts'
import type { TestHouse } from '../house.ts'

type Parameters = Record<string, string>

export function ramOf(house: TestHouse, credentials: Credentials & { securityToken?: string } = house.credentials) {
  const ask =
    (version: string) =>
    (action: string, parameters: Parameters = {}) =>
      call(house.endpoint, credentials, action, { Version: version, ...parameters }, house.now)
  const ram = ask('2015-05-01')
  const sts = ask('2015-04-01')
  const must = async (action: string, parameters: Parameters = {}): Promise<Called['body']> => {
    const { status, body } = await ram(action, parameters)
    if (status !== 200) throw new Error(`${action} answered ${status} ${JSON.stringify(body)}`)
    return body
  }
  return {
    call: ram,
    sts,
    must,
    /** 'OK', or the code it is refused with. */
    outcome: async (action: string, parameters: Parameters = {}): Promise<string> => {
      const { status, body } = await ram(action, parameters)
      return status === 200 ? 'OK' : body.Code
    },
    document: (...Statement: object[]) => JSON.stringify({ Version: '1', Statement }),
    accessKeyOf: async (UserName: string): Promise<Credentials> => {
      const { AccessKeyId, AccessKeySecret } = (await must('CreateAccessKey', { UserName })).AccessKey
      const { accountId } = house.credentials
      return { accountId, accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret }
    },
  }
}
