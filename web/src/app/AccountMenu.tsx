// Oneself: theme, language, and the way out.
import { Languages, LogOut, Moon, Settings, Sun } from 'lucide-react';
import { useLocation } from 'wouter';
import { forgetAll } from '../features/composer/history';
import { signOut } from '../features/session/actions';
import { useLanguage } from '../i18n/context';
import type { Locale } from '../i18n/translate';
import { locales } from '../i18n/translate';
import { connectionsHref } from '../state/addresses';
import { useStore } from '../state/react';
import { displayName, mayAdministerConnections } from '../state/selectors';
import { Avatar } from '../ui/Avatar';
import { MenuItem, Popover } from '../ui/Popover';
import { chooseTheme, useTheme } from './theme';
import styles from './Workspace.module.css';

/** Languages are named in themselves. */
const names: Record<Locale, string> = { en: 'English', de: 'Deutsch' };

export function AccountMenu() {
  const { t, locale, choose } = useLanguage();
  const theme = useTheme();
  const me = useStore((state) => state.users[state.me]);
  const name = displayName(me);
  const dark = theme === 'dark';
  const administers = useStore(mayAdministerConnections);
  const [, navigate] = useLocation();

  return (
    <div className={styles['account']}>
      <Popover
        label={t('app.menu')}
        trigger={(props) => (
          <button type="button" className={styles['self']} data-testid="account-menu" {...props}>
            <Avatar id={me?.id ?? ''} name={name} />
            <span className={styles['selfText']}>
              <strong>{name}</strong>
              <span>@{me?.username}</span>
            </span>
            <span className="visually-hidden">{t('app.menu')}</span>
          </button>
        )}
      >
            <MenuItem icon={dark ? <Sun size={16} /> : <Moon size={16} />} onSelect={() => chooseTheme(dark ? 'light' : 'dark')}>
              {dark ? t('app.theme.light') : t('app.theme.dark')}
            </MenuItem>
            {administers && (
              <MenuItem icon={<Settings size={16} />} onSelect={() => navigate(connectionsHref)}>
                {t('admin.title')}
              </MenuItem>
            )}
            {locales
              .filter((entry) => entry !== locale)
              .map((entry) => (
                <MenuItem key={entry} icon={<Languages size={16} />} onSelect={() => choose(entry)}>
                  <span lang={entry}>{names[entry]}</span>
                </MenuItem>
              ))}
            <MenuItem
              icon={<LogOut size={16} />}
              danger
              onSelect={() => {
                forgetAll();
                void signOut();
              }}
            >
              {t('session.signOut')}
            </MenuItem>
      </Popover>
    </div>
  );
}
