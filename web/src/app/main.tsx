// Where the client starts.
import '@fontsource-variable/figtree/wght.css';
import '@fontsource-variable/fraunces/wght.css';
import '../ui/tokens.css';
import '../ui/hue.css';
import '../ui/global.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Router } from 'wouter';
import { basePath } from '../api/site';
import { LanguageProvider } from '../i18n/LanguageProvider';
import { App } from './App';
import { ErrorBoundary } from './ErrorBoundary';
import { startTheme } from './theme';

startTheme();

const root = document.getElementById('root');
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <LanguageProvider>
        <ErrorBoundary>
          <Router base={basePath}>
            <App />
          </Router>
        </ErrorBoundary>
      </LanguageProvider>
    </StrictMode>,
  );
}
