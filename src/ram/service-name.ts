/** The form of a cloud service's name, such as ecs.aliyuncs.com, as a part of a regular expression. */
export const SERVICE_NAME = String.raw`[a-z0-9-]+(?:\.[a-z0-9-]+)*\.aliyuncs\.com`

const ALONE = new RegExp(`^${SERVICE_NAME}$`)

/** Whether a text has the form of a cloud service's name. */
export function isServiceName(text: string): boolean {
  return ALONE.test(text)
}
