// patients.ts add ID NAME DIAGNOSIS | show ID | rotate | finish-rotation
// DATABASE names the PostgreSQL, KEY the CMK (an id or alias); credentials as in examples/kms.ts.
import postgres from 'postgres'
import { connect, connectionFrom } from '../kms.ts'
import { Patients } from './sealed-column.ts'

const sql = postgres(process.env['DATABASE'] ?? 'postgresql://localhost/postgres', { onnotice: () => {} })
const patients = new Patients(sql, connect(connectionFrom(process.env)), process.env['KEY'] ?? 'alias/patients')
const [verb, id = '', name = '', diagnosis = ''] = process.argv.slice(2)
try {
  await patients.prepare()
  if (verb === 'add') await patients.add(Number(id), name, diagnosis)
  else if (verb === 'show') console.log((await patients.diagnosisOf(Number(id))) ?? 'no such patient')
  else if (verb === 'rotate') console.log(`${await patients.rotate()} rows encrypted again`)
  else if (verb === 'finish-rotation') console.log(`${await patients.finishRotation()} rows encrypted again`)
  else throw new Error('usage: patients.ts add ID NAME DIAGNOSIS | show ID | rotate | finish-rotation')
} finally {
  patients.close()
  await sql.end()
}
