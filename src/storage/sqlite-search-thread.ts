// The thread that searches a SQLite database: see sqlite-searches.ts.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { Answer, Question } from './sqlite-searches.ts'

/** A small cache: the system caches the file's pages, and destroyed secrets must not stay in this one. */
const CACHE_KIB = 2048

const db = new DatabaseSync(workerData as string, { readOnly: true })
db.exec(`PRAGMA cache_size = -${CACHE_KIB}`)
db.exec('PRAGMA busy_timeout = 5000')
/** Prepared statements by text; a storage has a fixed number of texts. */
const prepared = new Map<string, StatementSync>()

function answerTo({ number, bound: { text, values } }: Question): Answer {
  try {
    const statement = prepared.get(text) ?? db.prepare(text)
    prepared.set(text, statement)
    return { number, rows: statement.all(...values) }
  } catch (error) {
    return { number, failure: error instanceof Error ? error.message : String(error) }
  }
}

parentPort?.on('message', (question: Question) => parentPort?.postMessage(answerTo(question)))
