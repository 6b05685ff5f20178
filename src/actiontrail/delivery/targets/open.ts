// Opens the target that the settings name.
import { FolderTarget } from './folder.ts'
import { type S3Options, S3Target } from './s3.ts'
import type { DeliveryTarget } from './target.ts'

export type TargetSettings = { readonly folder: string } | S3Options

/** `node` distinguishes this server from others that deliver to the same folder. */
export function openTarget(settings: TargetSettings, node: string): DeliveryTarget {
  return 'folder' in settings ? new FolderTarget(settings.folder, node) : new S3Target(settings)
}
