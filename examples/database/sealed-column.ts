// A column whose values are encrypted before they reach the database: with a data key, which is in the database too, encrypted under a CMK.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Sql, TransactionSql } from 'postgres'
import type { Kms } from '../kms.ts'

/** How many rows a step of a rotation encrypts again, in one transaction. */
const STEP = 100
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** What the data keys are for: KMS opens them for nothing else. */
const PURPOSE = { table: 'patient', column: 'diagnosis' }

/** A data key, as the database has it. */
interface DataKey {
  readonly id: number
  readonly blob: string
}

/** A sealed value, and the data key that it is under. */
interface Sealed {
  readonly patient: number
  readonly diagnosis: Buffer
  readonly id: number
  readonly blob: string
}

export class Patients {
  readonly #sql: Sql
  readonly #kms: Kms
  readonly #keyId: string
  /** Data keys in plaintext, by their ids, as long as the program runs. */
  readonly #open = new Map<number, Buffer>()

  /** `keyId` is the CMK that encrypts data keys: its id or alias. */
  constructor(sql: Sql, kms: Kms, keyId: string) {
    this.#sql = sql
    this.#kms = kms
    this.#keyId = keyId
  }

  /** Makes the tables, and the first data key. */
  async prepare(): Promise<void> {
    await this.#sql.begin(async (sql) => {
      await sql`CREATE TABLE IF NOT EXISTS data_key (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, blob text NOT NULL, is_current boolean NOT NULL)`
      await sql`CREATE UNIQUE INDEX IF NOT EXISTS one_is_current ON data_key (is_current) WHERE is_current`
      await sql`CREATE TABLE IF NOT EXISTS patient (
        id integer PRIMARY KEY, name text NOT NULL, diagnosis bytea NOT NULL,
        data_key integer NOT NULL REFERENCES data_key)`
      await sql`CREATE INDEX IF NOT EXISTS patient_data_key ON patient (data_key)`
      const [current] = await sql`SELECT id FROM data_key WHERE is_current`
      if (!current) await this.#makeCurrent(sql)
    })
  }

  async add(id: number, name: string, diagnosis: string): Promise<void> {
    await this.#sql.begin(async (sql) => {
      const key = await this.#current(sql)
      const sealed = seal(await this.#opened(key), id, diagnosis)
      await sql`INSERT INTO patient (id, name, diagnosis, data_key) VALUES (${id}, ${name}, ${sealed}, ${key.id})`
    })
  }

  async diagnosisOf(id: number): Promise<string | null> {
    const [found] = await this.#sql<Sealed[]>`
      SELECT patient.id AS patient, diagnosis, data_key.id, blob FROM patient JOIN data_key ON data_key.id = data_key
      WHERE patient.id = ${id}`
    return found ? unseal(await this.#opened(found), id, found.diagnosis) : null
  }

  /**
   * Makes a new data key for what is written from now on, encrypts what there is again in steps, and deletes the data keys that nothing
   * needs any more. Readers and writers go on meanwhile. After an interruption, `finishRotation` goes on where it stopped.
   */
  async rotate(): Promise<number> {
    await this.#sql.begin((sql) => this.#makeCurrent(sql))
    return this.finishRotation()
  }

  /** Encrypts again what is under an older data key; returns how many rows. */
  async finishRotation(): Promise<number> {
    let total = 0
    for (let rows = STEP; rows > 0; total += rows) rows = await this.#sql.begin((sql) => this.#step(sql))
    await this
      .#sql`DELETE FROM data_key WHERE NOT is_current AND NOT EXISTS (SELECT FROM patient WHERE data_key = data_key.id)`
    return total
  }

  /** Wipes the data keys from memory. */
  close(): void {
    for (const plaintext of this.#open.values()) plaintext.fill(0)
    this.#open.clear()
  }

  async #step(sql: TransactionSql): Promise<number> {
    const current = await this.#current(sql)
    const rows = await sql<Sealed[]>`
      SELECT patient.id AS patient, diagnosis, data_key.id, blob FROM patient JOIN data_key ON data_key.id = data_key
      WHERE data_key <> ${current.id} ORDER BY patient.id LIMIT ${STEP} FOR UPDATE OF patient`
    const key = await this.#opened(current)
    for (const { patient, diagnosis, ...former } of rows) {
      const sealed = seal(key, patient, unseal(await this.#opened(former), patient, diagnosis))
      await sql`UPDATE patient SET diagnosis = ${sealed}, data_key = ${current.id} WHERE id = ${patient}`
    }
    return rows.length
  }

  async #makeCurrent(sql: TransactionSql): Promise<void> {
    const { plaintext, blob } = await this.#kms.generateDataKey(this.#keyId, PURPOSE)
    await sql`UPDATE data_key SET is_current = false WHERE is_current`
    const [made] = await sql<
      { id: number }[]
    >`INSERT INTO data_key (blob, is_current) VALUES (${blob}, true) RETURNING id`
    if (made) this.#open.set(made.id, plaintext)
  }

  /** The data key for what is written now. It stays current until the transaction ends. */
  async #current(sql: TransactionSql): Promise<DataKey> {
    const read = () => sql<DataKey[]>`SELECT id, blob FROM data_key WHERE is_current FOR SHARE`
    // Who waited for a rotation finds none, and the new one when it looks again.
    const [key] = [...(await read()), ...(await read())]
    if (!key) throw new Error('there is no data key: call prepare first')
    return key
  }

  /** The data key in plaintext: the key service is asked once for each. */
  async #opened({ id, blob }: DataKey): Promise<Buffer> {
    const known = this.#open.get(id)
    if (known) return known
    const plaintext = await this.#kms.decrypt(blob, PURPOSE)
    this.#open.set(id, plaintext)
    return plaintext
  }
}

/** AES-256-GCM: nonce, ciphertext, tag. The row is bound to it, so that values cannot be exchanged between rows. */
function seal(key: Buffer, id: number, text: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(place(id))
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

/** Throws where the value was altered, or belongs to another row. */
function unseal(key: Buffer, id: number, sealed: Buffer): string {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES)).setAAD(place(id))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  return decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
}

function place(id: number): Buffer {
  return Buffer.from(JSON.stringify([PURPOSE.table, PURPOSE.column, id]))
}
