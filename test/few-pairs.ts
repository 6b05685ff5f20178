// A runtime whose RSA pairs are a few, made once in this process and given in turn: to make one takes most of the time of an import.
import type { Runtime } from '../src/runtime/runtime.ts'
import { SYSTEM } from '../src/runtime/system.ts'

/** A pair is given again only after so many others. */
const PAIRS = 4

type Pair = Awaited<ReturnType<Runtime['rsaPair']>>

const made: Promise<Pair>[] = []
let given = 0

async function rsaPair(): Promise<Pair> {
  const i = given++ % PAIRS
  made[i] ??= SYSTEM.rsaPair()
  const { publicKey, privateKey } = await made[i]
  // Who takes a private key wipes it.
  return { publicKey, privateKey: Buffer.from(privateKey) }
}

export const FEW_PAIRS: Runtime = { ...SYSTEM, rsaPair }
