import type { Texts } from '../../texts/format.ts'

export const verificationTexts = {
  title: ['Verify the trail', '校验审计链'],
  lead: [
    'Events form a chain that nobody can change unnoticed. The service verifies it in the background, for all accounts of this installation.',
    '事件构成无法被悄然篡改的链。服务在后台校验本系统所有账号的事件。',
  ],
  command: ['An operator can verify it without this service, too:', '运维人员也可以不依赖本服务进行校验：'],
  start: ['Start verification', '开始校验'],
  cancel: ['Cancel verification', '取消校验'],
  events: ['Events in the trail', '审计链中的事件'],
  count: [{ one: '1 event', other: '{count} events' }, '{count} 个事件'],
  checkpoint: ['Last signed checkpoint', '最近签名的检查点'],
  late: [
    'Events have waited for a signed checkpoint for more than five minutes: the log of the server has the reason.',
    '有事件已等待签名检查点超过五分钟，原因请查看服务器日志。',
  ],
  never: ['This account has not started a verification yet.', '本账号尚未发起过校验。'],
  progress: ['Progress of the verification', '校验进度'],
  waiting: ['Waiting for a server.', '等待服务器处理。'],
  running: ['{seen} of {total} events, after {seconds} s', '已校验 {seen} / {total} 个事件，用时 {seconds} 秒'],
  intact: [
    { one: 'Intact: 1 event is as it was recorded.', other: 'Intact: {count} events are as they were recorded.' },
    '完整：{count} 个事件与记录时一致。',
  ],
  'running.far': ['{percent} %, after {seconds} s', '已完成 {percent}%，用时 {seconds} 秒'],
  'intact.all': ['Intact: the events are as they were recorded.', '完整：事件与记录时一致。'],
  'canceled.before': ['Canceled: there is no verdict.', '已取消，没有结论。'],
  broken: ['Not intact', '不完整'],
  'broken.at': ['Not intact: event {event}', '不完整：事件 {event}'],
  canceled: [
    {
      one: 'Canceled after 1 event: there is no verdict.',
      other: 'Canceled after {count} events: there is no verdict.',
    },
    '校验 {count} 个事件后已取消，没有结论。',
  ],
  failed: [
    'The verification did not finish: the log of the server has the reason. Start it again.',
    '校验未能完成，原因请查看服务器日志，然后重新开始。',
  ],
  'fault.Altered': [
    'This event differs from the recorded one: it was altered, inserted, or moved here.',
    '该事件与记录时不一致：被修改、插入或移动到此处。',
  ],
  'fault.Missing': ['Events are missing: they were deleted or moved.', '有事件缺失：被删除或移走。'],
  'fault.Moved': ['This event is in the place of another one.', '该事件占据了另一事件的位置。'],
  'fault.Inserted': [
    'This event comes after the end of the trail: it was inserted.',
    '该事件位于审计链末端之后，是被插入的。',
  ],
  'fault.Rewritten': [
    'All events since the previous checkpoint were replaced: they are consistent, but do not match the next checkpoint.',
    '上一检查点之后的事件全部被替换：它们彼此一致，但与下一检查点不符。',
  ],
  'fault.Cut': [
    'The newest events are missing, or the trail was replaced by an older copy.',
    '最新的事件缺失，或审计链被旧副本替换。',
  ],
  'fault.LaneMissing': ['The whole chain of a server is missing.', '某台服务器的整条链缺失。'],
  'fault.CheckpointForged': [
    'A checkpoint does not have a valid signature of the trail’s key: this installation did not create it.',
    '某检查点没有审计链密钥的签名，不是由本系统生成的。',
  ],
  'fault.CheckpointMissing': [
    'A signed checkpoint was deleted. The chain of events itself is intact.',
    '有签名检查点被删除，事件链本身完整。',
  ],
  'fault.IndexAltered': [
    'The index of lookups was altered, so that they may miss events. The chain of events itself is intact.',
    '查询索引被修改，查询可能遗漏事件，事件链本身完整。',
  ],
  'fault.before': [
    {
      one: 'A signature confirms that 1 event before it is as it was recorded.',
      other: 'Signatures confirm that {count} events before it are as they were recorded.',
    },
    '签名证实此前的 {count} 个事件与记录时一致。',
  ],
  'fault.next': [
    'Do not change the database, and compare it with a delivered copy, an export or a backup.',
    '请保持数据库原样，并与投递副本、导出文件或备份进行比对。',
  ],
  period: ['Verified', '校验范围'],
  all: ['All events', '全部事件'],
  ended: ['Ended', '结束时间'],
  from: ['From', '起始时间'],
  'from.rule': ['Leave it empty to begin with the first event.', '留空则从第一个事件开始。'],
  to: ['To', '截止时间'],
  'to.rule': ['Leave it empty to end with the newest event.', '留空则校验到最新事件。'],
  bounds: [
    'The service pauses after each small step, so that calls come first. A server verifies for one account at a time, and an account has one verification at a time. The verification continues when you leave this page.',
    '服务每完成一小步便暂停片刻，以优先处理调用。每台服务器一次只为一个账号校验，每个账号同时只有一个校验。校验期间可以离开本页。',
  ],
} as const satisfies Texts
