// Opens the target that the settings name.
import type { TargetSettings } from '../../../settings/trail.ts'
import { FolderTarget } from './folder.ts'
import { S3Target } from './s3.ts'
import type { DeliveryTarget } from './target.ts'

/** `node` distinguishes this server from others that deliver to the same folder. */
export function openTarget(settings: TargetSettings, node: string): DeliveryTarget {
  return 'folder' in settings ? new FolderTarget(settings.folder, node) : new S3Target(settings)
}
