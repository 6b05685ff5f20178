// A storage of another process, as a worker has it: here both ends of the channel are in this process.
import { duplexPair } from 'node:stream'
import { Channel } from '../../../src/storage/remote/channel.ts'
import {
  RemoteStorage,
  STORAGE_ERRORS,
  type StorageMethods,
  servingBatches,
  storageMethods,
} from '../../../src/storage/remote/remote-storage.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { commitOn } from '../chained.ts'

/** The worker's side; closing it closes the storage. */
export function throughChannel(storage: Storage): Storage {
  const [ours, theirs] = duplexPair()
  const closed = (why: Error | null) => {
    if (why) throw why
  }
  const owner = new Channel(theirs, {
    methods: storageMethods(storage),
    packed: servingBatches(({ commits, basis }) => commitOn(basis, storage, commits)),
    errors: STORAGE_ERRORS,
    closed,
  })
  const channel = new Channel<StorageMethods>(ours, { methods: {}, errors: STORAGE_ERRORS, closed })
  const remote = new RemoteStorage(channel)
  return Object.assign(remote, {
    close: async () => {
      channel.close()
      owner.close()
      await storage.close()
    },
  })
}
