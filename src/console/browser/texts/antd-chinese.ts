import chinese from 'antd/locale/zh_CN'

export default chinese
