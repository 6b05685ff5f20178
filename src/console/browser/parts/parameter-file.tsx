import { FileField, type FileFieldProps } from './file-field.tsx'
import { useParameter, useRefusalAt } from './operation-form.tsx'

interface Props extends FileFieldProps {
  /** The parameter that gets the content of the file. */
  readonly parameter: string
}

/** A field for a file with the value of a parameter of the form's operation. It shows refusals of this parameter. */
export function ParameterFile({ parameter, ...field }: Props) {
  const { help } = useRefusalAt(parameter, useParameter(parameter))
  return (
    <>
      <FileField {...field} />
      {help}
    </>
  )
}
