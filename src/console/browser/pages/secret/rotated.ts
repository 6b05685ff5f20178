import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useRegion } from '../../frame/region.ts'
import { call } from '../../service/call.ts'
import type { SecretMetadata, SecretVersions } from '../../service/replies/secrets.ts'

const FOLLOW_MS = 1000
/** The limit on polls for a new version. A rotation that takes longer waits for a database, or has a fault. */
const MOST_LOOKS = 30
/** A page size that covers all versions of a secret. */
const ALL = 100

/** Whether the requested version exists; polled until it does. */
export function useRotated({ SecretName }: SecretMetadata, wanted: string | null): boolean {
  const region = useRegion()
  const client = useQueryClient()
  const { data = false } = useQuery({
    queryKey: [region, 'rotated', SecretName, wanted],
    queryFn: async ({ signal }) => {
      const parameters = { SecretName, IncludeDeprecated: true, PageSize: ALL }
      const { VersionIds } = await call<SecretVersions>('Kms', 'ListSecretVersionIds', region, parameters, signal)
      const isThere = VersionIds.VersionId.some(({ VersionId }) => VersionId === wanted)
      const rest = { predicate: ({ queryKey }: { queryKey: readonly unknown[] }) => queryKey[1] !== 'rotated' }
      await client.invalidateQueries(rest)
      return isThere
    },
    enabled: wanted !== null,
    refetchInterval: ({ state }) => (state.data === true || state.dataUpdateCount >= MOST_LOOKS ? false : FOLLOW_MS),
  })
  return data
}
