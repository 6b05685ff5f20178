// The browser application of the console: a client of the API without privileges of its own.
import { createRoot } from 'react-dom/client'
import { Application } from './application.tsx'
import './styles.css'

const root = document.getElementById('root')
if (root) createRoot(root).render(<Application />)
