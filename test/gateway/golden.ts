// Writes the golden file of the declarations: run it after a change that is meant, and review the diff.
import { writeFileSync } from 'node:fs'
import { declared } from './declared.ts'

writeFileSync(new URL('./operations.json', import.meta.url), `${JSON.stringify(declared(), null, 2)}\n`)
