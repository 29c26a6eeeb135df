// How a connection stands, with when it was last reached as its tooltip.
import type { Connection } from '../../api/connections';
import { connectionState } from '../../api/connections';
import { useDates, useLanguage } from '../../i18n/context';
import { StateLabel } from '../../ui/StateLabel';
import { useNow } from '../../ui/useNow';

export function ConnectionStateLabel({ connection }: { connection: Connection }) {
  const { t } = useLanguage();
  const dates = useDates();
  const state = connectionState(connection, useNow(15_000));
  const at = connection.lastPingAt;
  const title = at === 0 ? t('connections.neverPinged') : t('connections.pinged', { time: dates.ago(at), full: dates.full(at) });
  return <StateLabel state={state} label={t(`connections.state.${state}`)} title={title} />;
}
