// The product versions that every port serves. The parameter Version selects one.
import type { ProductVersion } from './house.ts'
import { actiontrail, formerActionTrails } from './products/actiontrail.ts'
import { ims } from './products/ims.ts'
import { kms } from './products/kms.ts'
import { ram } from './products/ram.ts'
import { sts } from './products/sts.ts'

export const products: readonly ProductVersion[] = [kms, ram, ims, sts, actiontrail, ...formerActionTrails]
