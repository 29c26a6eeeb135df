// Everything for people who are signed in: the live connection, and the way to a team.
import { lazy, Suspense, useEffect, useState } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { failureText } from '../api/failureText';
import { Doorway } from '../features/session/Doorway';
import { signOut } from '../features/session/actions';
import { CreateTeam } from '../features/teams/CreateTeam';
import { TeamList } from '../features/teams/TeamList';
import { useLanguage } from '../i18n/context';
import { loadConfig, loadCustomEmoji, loadTeams } from '../realtime/load';
import { forgetDeliveries } from '../realtime/deliveries';
import { reset } from '../realtime/profiles';
import { ensureSystemRoles } from '../realtime/roles';
import { start } from '../realtime/sync';
import { teamHref } from '../state/addresses';
import { useStore } from '../state/react';
import { mayAdministerConnections } from '../state/selectors';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Notice';
import { Waiting } from '../ui/Waiting';
import styles from './app.module.css';
import { lastTeam } from './memory';
import { Permalink } from './Permalink';
import { ReferencesProvider } from './References';
import { Workspace } from './Workspace';

const Administration = lazy(() => import('./Administration'));

export function Member() {
  const { t } = useLanguage();
  const [loaded, setLoaded] = useState(false);
  const [fault, setFault] = useState('');

  useEffect(() => {
    let live = true;
    reset();
    forgetDeliveries();
    const sync = start();
    void sync.ready.then(loadCustomEmoji);
    void loadConfig();
    void ensureSystemRoles();
    sync.ready.then(loadTeams).then(
      () => live && setLoaded(true),
      (error: unknown) => live && setFault(failureText(error, t)),
    );
    return () => {
      live = false;
      sync.stop();
    };
  }, [t]);

  if (fault !== '') {
    return (
      <div className={styles['blank']}>
        <Notice kind="fault">{fault}</Notice>
        <Button onClick={() => window.location.reload()}>{t('app.reload')}</Button>
      </div>
    );
  }
  if (!loaded) {
    return (
      <div className={styles['blank']}>
        <Waiting label={t('app.loading')} />
      </div>
    );
  }
  return (
    <ReferencesProvider>
      <Switch>
        <Route path="/create_team">
          <CreateTeamPage />
        </Route>
        <Route path="/select_team">
          <SelectTeamPage />
        </Route>
        <Route path="/admin_console/*?">
          <AdministrationPage />
        </Route>
        {/* One route for a team with and without a channel: going from one to the other keeps everything on screen. */}
        <Route<Place> path="/:team/:section?/:channel?/:pane?/:root?">{(params) => <TeamPage team={params.team} section={params.section} channel={params.channel} pane={params.pane} root={params.root} />}</Route>
        <Route>
          <Home />
        </Route>
      </Switch>
    </ReferencesProvider>
  );
}

interface Place extends Record<string, string | undefined> {
  team: string;
  section?: string;
  channel?: string;
  pane?: string;
  root?: string;
}

/** For those who administer something; others have nothing to see there. */
function AdministrationPage() {
  const { t } = useLanguage();
  const allowed = useStore(mayAdministerConnections);
  const known = useStore((state) => 'ExperimentalRemoteClusterService' in state.config);
  if (known && !allowed) return <Redirect to="/" replace />;
  const waiting = (
    <div className={styles['blank']}>
      <Waiting label={t('app.loading')} />
    </div>
  );
  return allowed ? <Suspense fallback={waiting}><Administration /></Suspense> : waiting;
}

/** The last team, or the page to choose one. */
function Home() {
  const team = useStore((state) => state.teams[state.myTeams.find((id) => id === lastTeam()) ?? state.myTeams[0] ?? '']);
  return <Redirect to={team === undefined ? '/select_team' : teamHref(team)} replace />;
}

function TeamPage({ team: name, section, channel, pane, root }: { team: string; section?: string | undefined; channel?: string | undefined; pane?: string | undefined; root?: string | undefined }) {
  const team = useStore((state) => Object.values(state.teams).find((entry) => entry.name === name && state.myTeams.includes(entry.id)));
  if (team === undefined) return <Redirect to="/select_team" replace />;
  if (section === 'pl' && channel !== undefined) return <Permalink key={channel} team={team} postId={channel} />;
  return <Workspace key={team.id} team={team} channelName={channel ?? ''} pane={pane ?? ''} rootId={root ?? ''} threads={section === 'threads' && channel === undefined} />;
}

function CreateTeamPage() {
  const { t } = useLanguage();
  const [, navigate] = useLocation();
  const first = useStore((state) => state.myTeams.length === 0);
  return (
    <Doorway title={first ? t('teams.createFirst') : t('teams.create')} lead={t('teams.createLead')} footer={<Link href="/select_team">{t('teams.title')}</Link>}>
      <CreateTeam onCreated={(team) => navigate(teamHref(team), { replace: true })} />
    </Doorway>
  );
}

function SelectTeamPage() {
  const { t } = useLanguage();
  const [, navigate] = useLocation();
  return (
    <Doorway
      title={t('teams.title')}
      lead={t('teams.lead')}
      footer={
        <div className={styles['doorFoot']}>
          <Button onClick={() => navigate('/create_team')}>{t('teams.create')}</Button>
          <Button look="quiet" onClick={() => void signOut()}>
            {t('session.signOut')}
          </Button>
        </div>
      }
    >
      <TeamList onOpen={(team) => navigate(teamHref(team))} />
    </Doorway>
  );
}
