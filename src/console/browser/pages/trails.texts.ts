import type { Texts } from '../texts/format.ts'

export const trailTexts = {
  lead: [
    'A trail delivers copies of events to a bucket, for as long as you want to keep them.',
    '跟踪将事件副本投递到存储空间，以便长期保存。',
  ],
  create: ['Create Trail', '创建跟踪'],
  name: ['Trail name', '跟踪名称'],
  bucket: ['Bucket', '存储空间'],
  prefix: ['Prefix of objects', '对象前缀'],
  events: ['Events', '事件'],
  'rw.All': ['Reads and writes', '读和写'],
  'rw.Read': ['Reads', '读'],
  'rw.Write': ['Writes', '写'],
  state: ['Delivery', '投递状态'],
  on: ['Delivering', '投递中'],
  fails: ['Failing', '投递失败'],
  off: ['Stopped', '已停止'],
  last: ['Last delivery', '最近投递'],
  error: ['Last failure', '最近失败'],
  start: ['Start delivery', '开启投递'],
  stop: ['Stop delivery', '停止投递'],
  none: ['No trail delivers events yet. Events are kept here for 90 days.', '尚无投递事件的跟踪。事件在此保留90天。'],
  'delete.title': ['Delete trail', '删除跟踪'],
  'delete.text': [
    'Delivery of {name} ends. What was delivered stays in the bucket.',
    '{name} 的投递将停止，已投递的内容保留在存储空间中。',
  ],
} as const satisfies Texts
