// Settings of the database that could lose acknowledged calls.

/** Reads the relevant settings of the session. Databases with their own replication have only some of them, or none. */
export const DURABILITY_SETTINGS = `SELECT name, setting, version() AS version FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'synchronous_standby_names')`

/** CockroachDB and YugabyteDB commit on a majority of nodes, whatever the values of these compatibility settings. */
const REPLICATES_ITSELF = /CockroachDB|-YB-/

/** The risks, each with its remedy; empty for settings that lose nothing. `rows` are those of DURABILITY_SETTINGS. */
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
