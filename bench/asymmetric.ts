// Asymmetric keys in the software key store: the cost of threads against a bare loop, and the speed that calls with symmetric keys keep
// meanwhile. All figures are CPU time, which other work on the machine hardly changes.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median } from './figures.ts'

interface Output {
  print(text: string): void
  row(name: string, figures: string, budget?: string): void
}

/** CPU time of one operation in microseconds: of all threads for signatures, of the main thread for encryptions. */
export interface Round {
  readonly bareSignUs: number
  readonly signUs: number
  readonly encryptUs: number
  readonly besideUs: number
  readonly signedBeside: number
}

/** Prints the section. */
export function asymmetricKeys(rounds: number, { print, row }: Output): void {
  print('\nAsymmetric keys: CPU time of one signature, and of one encryption beside 16 signers')
  const measured = Array.from({ length: rounds }, measure)
  const sign = median(measured, (round) => round.bareSignUs / round.signUs)
  const beside = median(measured, (round) => round.encryptUs / round.besideUs)
  row(
    'RSA_2048 in the key store, against crypto.sign in threads',
    `${sign.bareSignUs.toFixed(0)} µs of ${sign.signUs.toFixed(0)} µs: ${((100 * sign.bareSignUs) / sign.signUs).toFixed(1)} %`,
    'budget ≥ 80 %',
  )
  row(
    'Encrypt in the key store, beside 16 signers',
    `${beside.encryptUs.toFixed(1)} µs of ${beside.besideUs.toFixed(1)} µs: ${((100 * beside.encryptUs) / beside.besideUs).toFixed(1)} %, beside ${beside.signedBeside} signatures`,
    'budget ≥ 90 %',
  )
}

function measure(): Round {
  const script = fileURLToPath(new URL('pairs.ts', import.meta.url))
  const { stdout, stderr, status } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout)
}
