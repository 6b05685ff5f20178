// The console's own refusals, besides those of the operations that it calls.
import type { Entries } from './entries.ts'

export const console = {
  'Session.None': { status: 401, message: 'There is no session, or it is over. Log on.' },
  'Session.CrossSite': { status: 403, message: 'The request does not come from a page of this console.' },
  'LogOn.Failed': { status: 403, message: 'The log-on failed.' },
  'LogOn.CodeFailed': { status: 403, message: 'The code is wrong, or it was used before.' },
  'LogOn.OtherSession': {
    status: 403,
    message:
      'You have typed this code in another session of the console. Decide there, or begin again with a new code.',
  },
  'LogOn.PasswordExpired': {
    status: 403,
    message: 'The password has expired, and only an administrator of the account can give a new one.',
  },
  'LogOn.Expired': { status: 403, message: 'The log-on took too long, or was done already. Begin again.' },
  'LogOn.Pending': { status: 400, message: 'Nobody has allowed the log-on yet.' },
  'LogOn.Denied': { status: 403, message: 'The log-on was denied in the console.' },
  'LogOn.Throttled': { status: 429, message: 'There were too many failed log-ons. Wait a minute.' },
} as const satisfies Entries
