import { RAM } from '../../api/product.ts'
import { ramOperations } from '../../ram/operations.ts'
import { api } from './api.ts'

export const ram = api(RAM, '2015-05-01', ramOperations)
