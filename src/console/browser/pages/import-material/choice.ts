import type { Dayjs } from 'dayjs'
import type { Algorithm } from '../../service/wrapping.ts'

/** The way of wrapping the material, and its expiry. */
export interface Choice {
  readonly way: 'browser' | 'openssl'
  readonly WrappingAlgorithm: Algorithm
  readonly until?: Dayjs | null
  readonly expires: 'never' | 'date'
}

export interface ImportParameters {
  readonly PublicKey: string
  readonly ImportToken: string
  readonly TokenExpireTime: string
}

/** The properties of both ways of wrapping. */
export interface WrappingProps {
  readonly keyId: string
  readonly choice: Choice
  readonly parameters: ImportParameters
  readonly back: () => void
  readonly send: (material: string, token: string) => Promise<void>
}
