// Lists the keys of an NSS token, in the words of pkcs11-tool, which can't initialize that library. A process of its own.
import pkcs11 from 'pkcs11js'

const [module, parameters, label, pin, type] = process.argv.slice(2)
const lib = new pkcs11.PKCS11()
lib.load(module)
lib.C_Initialize({ libraryParameters: `${parameters} `, flags: pkcs11.CKF_OS_LOCKING_OK })
const slot = lib.C_GetSlotList(true).find((one) => lib.C_GetTokenInfo(one).label.trim() === label)
const session = lib.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
lib.C_Login(session, pkcs11.CKU_USER, pin)
const CLASSES = { secrkey: 'CKO_SECRET_KEY', privkey: 'CKO_PRIVATE_KEY', pubkey: 'CKO_PUBLIC_KEY' }
const value = pkcs11[CLASSES[type]]
lib.C_FindObjectsInit(session, [{ type: pkcs11.CKA_CLASS, value }])
const handles = lib.C_FindObjects(session, 1000)
lib.C_FindObjectsFinal(session)

for (const handle of handles) {
  const read = (attribute) => {
    try {
      return lib.C_GetAttributeValue(session, handle, [{ type: pkcs11[attribute] }])[0].value
    } catch {
      return Buffer.alloc(1)
    }
  }
  const which = (names) =>
    Object.entries(names)
      .filter(([attribute]) => read(attribute)[0] === 1)
      .map(([, name]) => name)
      .join(', ')
  console.log(
    { secrkey: 'Secret Key Object; AES', privkey: 'Private Key Object; RSA', pubkey: 'Public Key Object; RSA' }[type],
  )
  console.log(`  label:      ${read('CKA_LABEL').toString('utf8')}`)
  console.log(`  ID:         ${read('CKA_ID').toString('hex')}`)
  const usage = {
    CKA_ENCRYPT: 'encrypt',
    CKA_DECRYPT: 'decrypt',
    CKA_SIGN: 'sign',
    CKA_WRAP: 'wrap',
    CKA_UNWRAP: 'unwrap',
    CKA_DERIVE: 'derive',
  }
  console.log(`  Usage:      ${which(usage)}`)
  const access = {
    CKA_SENSITIVE: 'sensitive',
    CKA_ALWAYS_SENSITIVE: 'always sensitive',
    CKA_EXTRACTABLE: 'extractable',
    CKA_NEVER_EXTRACTABLE: 'never extractable',
    CKA_LOCAL: 'local',
  }
  console.log(`  Access:     ${which(access)}`)
}
