// What the example uses of s3rver, which is CommonJS and has no types.
import { createRequire } from 'node:module'
import type { Readable } from 'node:stream'

export interface StoredObject {
  readonly bucket: string
  readonly key: string
  content: Readable | Buffer | null
  readonly metadata: Record<string, string>
  /** The bytes of the content, from the first one to the last, where a part was asked for. */
  range?: { readonly start: number; readonly end: number }
}

export interface Wanted {
  readonly start?: number
  readonly end?: number
}

/** A folder of buckets. */
export declare class Store {
  constructor(directory: string)
  readonly rootDirectory: string
  getResourcePath(bucket: string, key: string | undefined, resource: string): string
  getMetadata(bucket: string, key: string): Promise<Record<string, string>>
  putMetadata(bucket: string, key: string, metadata: Record<string, string>, md5?: string): Promise<void>
  /** Writes a file; returns the size and the MD5 of its content. */
  putContent(path: string, content: Readable | Buffer): Promise<[size: number, md5: string]>
  getObject(bucket: string, key: string, wanted?: Wanted): Promise<StoredObject | null>
  putObject(object: StoredObject): Promise<{ size: number; md5: string }>
  copyObject(
    bucket: string,
    key: string,
    toBucket: string,
    toKey: string,
    metadata?: Record<string, string>,
  ): Promise<Record<string, string>>
  putObjectMultipart(
    bucket: string,
    uploadId: string,
    parts: readonly { readonly number: number }[],
  ): Promise<{ size: number; md5: string }>
}

export interface Server {
  store: Store
  readonly context: { store: Store }
  run(): Promise<{ readonly port: number }>
  close(): Promise<void>
}

const require = createRequire(import.meta.url)

export const S3Server = require('@20minutes/s3rver') as new (options: object) => Server
export const FolderStore = require('@20minutes/s3rver/lib/stores/filesystem') as typeof Store
export const S3Object = require('@20minutes/s3rver/lib/models/object') as new (
  bucket: string,
  key: string,
  content: StoredObject['content'],
  metadata: Record<string, string>,
) => StoredObject
/** An error that the client gets, with its code. */
export const S3Error = require('@20minutes/s3rver/lib/models/error') as new (code: string, message: string) => Error
