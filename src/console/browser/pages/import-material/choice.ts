import type { Dayjs } from 'dayjs'
import type { Algorithm } from '../../service/wrapping.ts'

/** How the material comes, and when it expires. */
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

/** What both ways of wrapping get. */
export interface WrappingProps {
  readonly keyId: string
  readonly choice: Choice
  readonly parameters: ImportParameters
  readonly back: () => void
  readonly send: (material: string, token: string) => Promise<void>
}
