// The browser application of the console: a client of the API without privileges of its own.
import { createRoot } from 'react-dom/client'
import { Application, askSession, BASE } from './application.tsx'
import { loadAhead } from './routes.tsx'
import './styles.css'

const root = document.getElementById('root')
if (root) {
  // Both are under way while the first rendering takes its time.
  const session = askSession()
  session.catch(() => null)
  loadAhead(location.pathname.slice(BASE.length) || '/')
  createRoot(root).render(<Application session={session} />)
}
