import { DatePicker, type DatePickerProps } from 'antd'

/** A date with its time. Enter takes what was typed, and sends no form. */
export function MomentField(given: DatePickerProps) {
  return (
    <DatePicker
      {...given}
      format="YYYY-MM-DD HH:mm:ss"
      onKeyDown={(event) => {
        if (event.key === 'Enter') event.preventDefault()
      }}
      showTime
    />
  )
}
