// gateway.ts FOLDER [PORT]: serves the buckets in FOLDER over the S3 protocol, sealed under the CMK alias/bucket/NAME of each; credentials as in examples/kms.ts.
import { connect, connectionFrom, type Kms } from '../kms.ts'
import { S3Server, type Server } from './s3rver.ts'
import { SealedStore } from './sealed-store.ts'

export const keyOfBucket = (bucket: string) => `alias/bucket/${bucket}`

/** A server on 127.0.0.1; port 0 picks a free one. */
export function gateway(directory: string, port: number, kms: Kms): Server {
  const server = new S3Server({ directory, port, address: '127.0.0.1', silent: true, vhostBuckets: false })
  server.store = server.context.store = new SealedStore(directory, kms, keyOfBucket)
  return server
}

if (import.meta.main) {
  const [directory = 'buckets', port = '9000'] = process.argv.slice(2)
  const { port: own } = await gateway(directory, Number(port), connect(connectionFrom(process.env))).run()
  console.log(`http://127.0.0.1:${own}`)
}
