import { DatePicker, type DatePickerProps } from 'antd'

/** A field for date and time. Enter accepts the typed value, and does not submit the form. */
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
