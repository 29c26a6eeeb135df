// The organisation a person comes from, beside the name: the bridge and the organisation's name in its own tint.
import { useLanguage } from '../i18n/context';
import { Bridge } from './Bridge';
import { hueOf } from './hue';
import styles from './OrganisationMark.module.css';

/** `name` is undefined while it is not known yet. `connection`: its id, for whoever looks closer. */
export function OrganisationMark({ name, connection }: { name: string | undefined; connection?: string | undefined }) {
  const { t } = useLanguage();
  const shown = name ?? t('people.elsewhere');
  const origin = connection === undefined ? t('people.from', { organisation: shown }) : t('people.fromConnection', { organisation: shown, connection });
  return (
    <span className={styles['mark']} data-hue={hueOf(name ?? '')} title={origin} data-testid="organisation-mark">
      <Bridge size={11} />
      <span className={styles['name']}>{shown}</span>
    </span>
  );
}
