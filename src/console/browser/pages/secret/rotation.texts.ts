import type { Texts } from '../../texts/format.ts'

export const rotationTexts = {
  set: ['Set Rotation', '设置轮转'],
  on: ['Rotate automatically', '自动轮转'],
  rotate: ['Rotate Now', '立即轮转'],
  'rotate.version': ['Name of the new version', '新版本的版本号'],
  'rotate.read': [
    'The new credential is available within two seconds. From then on, programs that read the secret get it.',
    '新凭据一两秒内生效，此后读取凭据的应用将得到新凭据。',
  ],
  'rotate.RAMCredentials': [
    'The user gets a new AccessKey. The current one works for two more days, or for half of the interval if that is shorter. The previous one is deleted at once.',
    '用户将获得新的AccessKey。当前AccessKey继续有效两天（周期较短时为周期的一半），更早的AccessKey立即删除。',
  ],
  'rotate.SingleUser': ['The current password stops working at once.', '当前密码立即失效。'],
  'rotate.DoubleUsers': [
    'The other account gets a new password and becomes the current one. The account used so far keeps working.',
    '另一个账号将获得新密码并成为当前账号，现有账号继续有效。',
  ],
  begun: ['The rotation to {version} has begun.', '已开始轮转到版本 {version}。'],
  done: ['The secret is rotated: {version} is ACSCurrent.', '轮转完成：版本 {version} 为 ACSCurrent。'],
  'under-way': ['A rotation is in progress.', '正在轮转。'],
  fault: [
    'The secret can’t be rotated. Its value still works; the service tries again each hour.',
    '无法轮转该凭据。凭据值依然有效，服务每小时重试一次。',
  ],
  'state.Enabled': ['On', '已开启'],
  'state.Disabled': ['Off', '未开启'],
  'state.Invalid': ['On, with a fault', '已开启，但有故障'],
  last: ['Last rotation', '上次轮转时间'],
  next: ['Next rotation', '下次轮转时间'],
  'is.deleted': ['This secret is scheduled for deletion.', '该凭据已计划删除。'],
} as const satisfies Texts
