import { FileField, type FileFieldProps } from './file-field.tsx'
import { useParameter, useRefusalAt } from './operation-form.tsx'

interface Props extends FileFieldProps {
  /** The parameter that the file's content is. */
  readonly parameter: string
}

/** A file whose content is a parameter of the form's operation: what the service refuses of it shows here. */
export function ParameterFile({ parameter, ...field }: Props) {
  const { help } = useRefusalAt(parameter, useParameter(parameter))
  return (
    <>
      <FileField {...field} />
      {help}
    </>
  )
}
