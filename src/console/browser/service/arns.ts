import { useRegion } from '../frame/region.ts'
import { useSession } from './session.tsx'

/** The names of resources in policies. */
export function useArns(): {
  kms(rest: string): string
  ram(rest: string): string
} {
  const region = useRegion()
  const { AccountId } = useSession()
  return {
    kms: (rest) => `acs:kms:${region}:${AccountId}:${rest}`,
    ram: (rest) => `acs:ram:*:${AccountId}:${rest}`,
  }
}
