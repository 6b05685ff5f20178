// Makes the vectors of this folder: one file, one claim, named by the claim. `node generate.ts` adds the files that are missing, and
// leaves every other as it is: a released vector never changes. Nothing here comes from `src`: what formats are made of is written
// in primitives.ts, from docs/reference/formats.md.
import './ciphertexts.ts'
import './seals.ts'
import './rings.ts'
import './records.ts'
import './tokens.ts'
import './events.ts'
