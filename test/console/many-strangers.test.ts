// Strangers who guess from many addresses at once.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { it } from 'node:test'
import { openTestHouse } from '../house.ts'
import { Browser } from './browser.ts'
import { PASSWORD, People } from './people.ts'

/** More than wait for their hash. */
const STRANGERS = 60

it('strangers at many addresses keep no user out at an address where the user logged on before', async () => {
  await using house = await openTestHouse(null)
  const people = new People(house)
  const name = await people.user()
  await people.loggedOn(name)
  const guess = async (localAddress: string, UserName: string) => {
    const headers = { 'content-type': 'application/json', 'x-strongroom-console': '1' }
    const asked = request(`${house.endpoint}/console/session`, { method: 'POST', localAddress, headers })
    asked.end(JSON.stringify({ UserName, Password: 'a guess' }))
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    answer.resume()
    await once(answer, 'end')
    return answer.statusCode ?? 0
  }
  let goesOn = true
  const throttled = Promise.withResolvers<void>()
  const strangers = Array.from({ length: STRANGERS }, async (_, stranger) => {
    for (let n = 0; goesOn; n++)
      if ((await guess(`127.0.1.${stranger + 1}`, `somebody-${stranger}-${n}@acme`)) === 429) throttled.resolve()
  })
  await throttled.promise
  const outcomes: string[] = []
  const UserName = `${name}@${house.credentials.accountId}`
  for (let n = 0; n < 5; n++) outcomes.push(await new Browser(house).outcome({ UserName, Password: PASSWORD }))
  goesOn = false
  await Promise.all(strangers)
  assert.deepEqual(outcomes, ['OK', 'OK', 'OK', 'OK', 'OK'])
})
