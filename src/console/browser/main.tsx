// The browser application of the console: a client of the API without privileges of its own. This module is small, so that the session and the page
// are on their way while the browser reads the application.
import { loadAhead } from './routes.tsx'
import { askSession } from './service/session-reply.ts'
import { showUnloaded } from './unloaded.ts'
import 'antd/dist/antd.css'
import './styles.css'

const root = document.getElementById('root')
if (root) {
  const begun = Promise.allSettled([askSession(), loadAhead(location.pathname)])
  try {
    const { show } = await import('./application.tsx')
    // Loads the data of the first rendering before it, because React delays suspended content by 300 ms.
    const [session] = await begun
    show(root, session)
  } catch (error) {
    console.error(error)
    showUnloaded(root)
  }
}
