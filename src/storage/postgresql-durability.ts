// What the database's own settings could lose of calls that were acknowledged.

/** The settings that decide it, as the session has them. Databases that replicate by themselves know only some of them, or none. */
export const DURABILITY_SETTINGS = `SELECT name, setting, version() AS version FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'synchronous_standby_names')`

/** CockroachDB and YugabyteDB commit on a majority of nodes, whatever the settings that they have for compatibility say. */
const REPLICATES_ITSELF = /CockroachDB|-YB-/

/** What could lose acknowledged calls, and what to set; empty where the settings lose nothing. `rows` are those of DURABILITY_SETTINGS. */
export function durabilityRisks(rows: readonly Readonly<Record<string, unknown>>[]): readonly string[] {
  if (rows.some(({ version }) => REPLICATES_ITSELF.test(String(version)))) return []
  const settings = new Map(rows.map(({ name, setting }) => [name, setting]))
  const risks: string[] = []
  const [commit, standbys] = [settings.get('synchronous_commit'), settings.get('synchronous_standby_names')]
  if (settings.get('fsync') === 'off')
    risks.push('fsync is off: a machine that crashes can lose acknowledged calls, or the whole database')
  if (commit === 'off')
    risks.push(
      'synchronous_commit is off: a crash of the primary loses the calls that it acknowledged last; set it to on',
    )
  if (commit === 'local')
    risks.push(
      'synchronous_commit is local: a standby that takes over from a lost primary may lack acknowledged calls; set it to on',
    )
  if (standbys === '')
    risks.push(
      'synchronous_standby_names is empty: a standby that takes over, or a lost disk, can lose acknowledged calls; name a synchronous standby',
    )
  return risks
}
