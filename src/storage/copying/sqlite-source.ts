// A SQLite database at one moment: a transaction reads it while the server writes. Meanwhile, the write-ahead log can only grow.
import { DatabaseSync } from 'node:sqlite'
import { migrations } from '../migrations.ts'
import { guarded } from '../sqlite-connection.ts'
import { isThere } from '../sqlite-file.ts'
import type { Bound, Value } from '../statement.ts'
import { Unavailable } from '../storage.ts'
import { syncLog } from '../wal-sync.ts'
import type { CopySource, MovedSource } from './copied.ts'
import { FILLING, isBeingFilled, MAKE_MARK_TABLE, MARK_TABLE, MOVED, READ_MARK, WasMoved } from './marks.ts'
import { demandSchema, PagedSource } from './paged-source.ts'

const BUSY_MS = 5000

class SqliteSource extends PagedSource implements CopySource {
  protected readonly db: DatabaseSync
  readonly schema = migrations('sqlite').length

  constructor(path: string, { readOnly, begin }: { readOnly: boolean; begin: string }) {
    super('sqlite')
    this.db = opened(path, readOnly)
    try {
      this.db.exec(begin)
      // The first read determines the moment of the snapshot.
      const version = Number(this.db.prepare('PRAGMA user_version').get()?.['user_version'])
      if (version === FILLING) throw isBeingFilled()
      if (version !== MOVED) demandSchema(version, this.schema)
      else if (readOnly) throw new WasMoved(String(this.db.prepare(READ_MARK).get()?.['moved_to']))
      // The snapshot shows what a server has committed and not yet synced. A power cut would take that back, and the server would go on with
      // other events: the copy would be of a state that never was.
      if (this.db.prepare('PRAGMA journal_mode').get()?.['journal_mode'] === 'wal') syncLog(path)
    } catch (error) {
      this.db.close()
      throw error
    }
  }

  protected async all({ text, values }: Bound): Promise<readonly (readonly Value[])[]> {
    return guarded(() => {
      const prepared = this.db.prepare(text)
      prepared.setReturnArrays(true)
      return prepared.all(...values) as unknown as readonly (readonly Value[])[]
    })
  }

  async clock(): Promise<null> {
    return null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.db.isOpen) this.db.close()
  }
}

function opened(path: string, readOnly: boolean): DatabaseSync {
  if (!isThere(path)) throw new Unavailable(`there is no database at \`${path}\``)
  try {
    const db = new DatabaseSync(path, { readOnly })
    db.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA synchronous = FULL`)
    return db
  } catch (error) {
    throw new Unavailable(`\`${path}\` can't be read: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

/** Throws Unavailable when the file is missing, or is no usable database. */
export function openSqliteSource(path: string): CopySource {
  return guarded(() => new SqliteSource(path, { readOnly: true, begin: 'BEGIN' }))
}

class SqliteMovedSource extends SqliteSource implements MovedSource {
  #fingerprint = ''
  #movedTo: string | null = null

  constructor(path: string) {
    super(path, { readOnly: false, begin: 'BEGIN IMMEDIATE' })
  }

  async look(): Promise<this> {
    const [marked] = await this.all({ text: `SELECT 1 FROM sqlite_master WHERE name = '${MARK_TABLE}'`, values: [] })
    const [mark] = marked ? await this.all({ text: READ_MARK, values: [] }) : []
    this.#fingerprint = mark ? String(mark[0]) : await this.fingerprintNow()
    this.#movedTo = mark ? String(mark[2]) : null
    return this
  }

  get fingerprint(): string {
    return this.#fingerprint
  }

  get movedTo(): string | null {
    return this.#movedTo
  }

  async markMoved(to: string): Promise<void> {
    guarded(() => {
      this.db.exec(MAKE_MARK_TABLE)
      this.db.prepare(`INSERT INTO ${MARK_TABLE} VALUES (?, 0, ?)`).run(this.#fingerprint, to)
      this.db.exec(`PRAGMA user_version = ${MOVED}; COMMIT`)
    })
  }
}

/** The same for a database that is being moved: nobody else writes to it meanwhile. */
export async function openMovedSqlite(path: string): Promise<MovedSource> {
  return guarded(() => new SqliteMovedSource(path)).look()
}
