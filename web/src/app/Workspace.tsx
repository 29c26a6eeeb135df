// A team on screen: the channels at the side, the open one in the middle, a thread or the people beside it.
import { useCallback, useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { failureText } from '../api/failureText';
import { BrowseDialog } from '../features/channels/BrowseDialog';
import { CreateDialog } from '../features/channels/CreateDialog';
import { SwitchDialog } from '../features/channels/SwitchDialog';
import { Sidebar } from '../features/channels/Sidebar';
import { ThreadList } from '../features/threads/ThreadList';
import { ThreadsEntry } from '../features/threads/ThreadsEntry';
import { useLanguage } from '../i18n/context';
import { loadTeam } from '../realtime/load';
import { look } from '../realtime/sync';
import { loadThreadTotals } from '../realtime/threads';
import { channelHref, teamHref } from '../state/addresses';
import type { Channel, State, Team } from '../state/model';
import { useStore } from '../state/react';
import { sidebar } from '../state/selectors';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Notice';
import { useLoad } from '../ui/useLoad';
import { Waiting } from '../ui/Waiting';
import { AccountMenu } from './AccountMenu';
import { ChannelView } from './ChannelView';
import { lastChannel } from './memory';
import { TeamMenu } from './TeamMenu';
import styles from './Workspace.module.css';

export interface WorkspaceProps {
  team: Team;
  /** "" for the channel one was in last. */
  channelName: string;
  pane: string;
  rootId: string;
  /** The threads one follows, in place of a channel. */
  threads: boolean;
}

/** The channel an address means: by name, or for no name the last one, the default one, any. Ids work too. */
function find(state: State, team: Team, name: string): Channel | undefined {
  const { channels, direct } = sidebar(state, team.id);
  const all = [...channels, ...direct, ...Object.keys(state.memberships).flatMap((id) => state.channels[id] ?? [])].filter((channel) => channel.team_id === team.id || channel.team_id === '');
  if (name !== '') return all.find((channel) => channel.name === name || channel.id === name);
  const last = lastChannel(team.id);
  return all.find((channel) => channel.id === last) ?? all.find((channel) => channel.name === 'town-square') ?? all[0];
}

export function Workspace({ team, channelName, pane, rootId, threads }: WorkspaceProps) {
  const { t } = useLanguage();
  const [, navigate] = useLocation();
  const [dialog, setDialog] = useState<'browse' | 'create' | 'switch' | undefined>();
  // The drawer of small screens belongs to the place it was opened in: going elsewhere closes it.
  const [menuAt, setMenuAt] = useState<string | undefined>();
  const menuOpen = menuAt === channelName;
  const { done, error, retry } = useLoad(useCallback(() => loadTeam(team.id), [team.id]));
  const channel = useStore((state) => (done && !threads ? find(state, team, channelName) : undefined));
  const side = useRef<HTMLDivElement>(null);
  const lost = useStore((state) => state.connection === 'lost');

  useEffect(() => {
    // Whoever opens the drawer wants to go somewhere: the focus waits on the place one is in.
    if (menuOpen) side.current?.querySelector<HTMLElement>('[aria-current="page"], a, button')?.focus();
  }, [menuOpen]);

  useEffect(() => {
    if (channelName === '' && channel !== undefined) navigate(channelHref(team, channel), { replace: true });
  }, [channelName, channel, team, navigate]);

  useEffect(() => {
    void loadThreadTotals(team.id);
  }, [team.id]);

  useEffect(() => {
    // Without a channel on screen the team is still what news are about.
    if (threads) look({ teamId: team.id, channelId: '' });
  }, [threads, team.id]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      event.preventDefault();
      setDialog('switch');
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);

  function open(target: Channel): void {
    setDialog(undefined);
    navigate(channelHref(team, target));
  }

  return (
    <div className={styles['workspace']} data-menu={menuOpen || undefined}>
      <a href="#messages" className={styles['skip']}>
        {t('app.skip')}
      </a>
      <div
        ref={side}
        className={styles['side']}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setMenuAt(undefined);
        }}
        role="presentation"
      >
        <Sidebar team={team} currentId={channel?.id ?? ''} top={<ThreadsEntry team={team} current={threads} />} onBrowse={() => setDialog('browse')} onCreate={() => setDialog('create')} onFind={() => setDialog('switch')} head={<TeamMenu team={team} />} foot={<AccountMenu />} />
      </div>
      {menuOpen && <button type="button" className={styles['scrim']} aria-label={t('sidebar.close')} onClick={() => setMenuAt(undefined)} />}
      <div className={styles['stage']}>
        {lost && (
          <p className={styles['lost']} role="status" data-testid="connection-lost">
            {t('app.lost')}
          </p>
        )}
        {channel !== undefined && <ChannelView key={channel.id} team={team} channel={channel} pane={pane} rootId={rootId} onMenu={() => setMenuAt(channelName)} onLeft={() => navigate(teamHref(team))} />}
        {threads && done && <ThreadList team={team} onMenu={() => setMenuAt(channelName)} />}
        {channel === undefined && !(threads && done) && (
          <main className={styles['blank']}>
            {error !== undefined && <Notice kind="fault">{failureText(error, t)}</Notice>}
            {error !== undefined && <Button onClick={retry}>{t('app.retry')}</Button>}
            {error === undefined && !done && <Waiting label={t('app.loading')} />}
            {done && (
              <>
                <p>{channelName === '' ? t('channels.none') : t('channels.missing')}</p>
                <Button onClick={() => setDialog('browse')}>{t('channels.browse')}</Button>
              </>
            )}
          </main>
        )}
      </div>
      {dialog === 'browse' && <BrowseDialog team={team} onClose={() => setDialog(undefined)} onOpen={open} onCreate={() => setDialog('create')} />}
      {dialog === 'switch' && <SwitchDialog team={team} onClose={() => setDialog(undefined)} onOpen={open} />}
      {dialog === 'create' && <CreateDialog team={team} onClose={() => setDialog(undefined)} onCreated={open} />}
    </div>
  );
}
