// The names of regions that DescribeRegions shows, in English and in Chinese.

const NAMES: Readonly<Record<string, readonly [english: string, chinese: string]>> = {
  'ap-northeast-1': ['Japan (Tokyo)', '日本(东京)'],
  'ap-south-1': ['India (Mumbai)', '印度(孟买)'],
  'ap-southeast-1': ['Singapore', '新加坡'],
  'ap-southeast-2': ['Australia (Sydney)', '澳大利亚(悉尼)'],
  'ap-southeast-3': ['Malaysia (Kuala Lumpur)', '马来西亚(吉隆坡)'],
  'ap-southeast-5': ['Indonesia (Jakarta)', '印度尼西亚(雅加达)'],
  'cn-beijing': ['China (Beijing)', '华北2(北京)'],
  'cn-chengdu': ['China (Chengdu)', '西南1(成都)'],
  'cn-guangzhou': ['China (Guangzhou)', '华南3(广州)'],
  'cn-hangzhou': ['China (Hangzhou)', '华东1(杭州)'],
  'cn-hangzhou-finance': ['China East 1 Finance', '华东1 金融云'],
  'cn-heyuan': ['China (Heyuan)', '华南2(河源)'],
  'cn-hongkong': ['China (Hong Kong)', '中国香港'],
  'cn-huhehaote': ['China (Hohhot)', '华北5(呼和浩特)'],
  'cn-qingdao': ['China (Qingdao)', '华北1(青岛)'],
  'cn-shanghai': ['China (Shanghai)', '华东2(上海)'],
  'cn-shanghai-finance-1': ['China East 2 Finance', '华东2 金融云'],
  'cn-shenzhen': ['China (Shenzhen)', '华南1(深圳)'],
  'cn-shenzhen-finance-1': ['China South 1 Finance', '华南1 金融云'],
  'cn-wulanchabu': ['China (Ulanqab)', '华北6(乌兰察布)'],
  'cn-zhangjiakou': ['China (Zhangjiakou)', '华北3(张家口)'],
  'eu-central-1': ['Germany (Frankfurt)', '德国(法兰克福)'],
  'eu-west-1': ['UK (London)', '英国(伦敦)'],
  'me-east-1': ['UAE (Dubai)', '阿联酋(迪拜)'],
  'us-east-1': ['US (Virginia)', '美国(弗吉尼亚)'],
  'us-west-1': ['US (Silicon Valley)', '美国(硅谷)'],
}

/** The region's name in a language, or its ID where the operator invented the region. */
export function regionName(region: string, language: 'zh-CN' | 'en-US'): string {
  return NAMES[region]?.[language === 'zh-CN' ? 1 : 0] ?? region
}
