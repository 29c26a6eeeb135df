// A link to a message: leads to where it stands, or says that there is nothing to see.
import { useCallback, useEffect } from 'react';
import { useLocation } from 'wouter';
import { useLanguage } from '../i18n/context';
import { loadChannel, loadPost, loadTeam } from '../realtime/load';
import { teamHref, threadHref } from '../state/addresses';
import type { Team } from '../state/model';
import { useStore } from '../state/react';
import { Button } from '../ui/Button';
import { Notice } from '../ui/Notice';
import { useLoad } from '../ui/useLoad';
import { Waiting } from '../ui/Waiting';
import styles from './app.module.css';

export function Permalink({ team, postId }: { team: Team; postId: string }) {
  const { t } = useLanguage();
  const [, navigate] = useLocation();
  const load = useCallback(async () => {
    const [post] = await Promise.all([loadPost(postId), loadTeam(team.id)]);
    await loadChannel(post.channel_id);
  }, [team.id, postId]);
  const { done, error } = useLoad(load);
  const post = useStore((state) => state.posts[postId]);
  const channel = useStore((state) => (post === undefined ? undefined : state.channels[post.channel_id]));
  const home = useStore((state) => state.teams[channel?.team_id ?? '']) ?? team;

  useEffect(() => {
    if (done && post !== undefined && channel !== undefined) navigate(threadHref(home, channel, post.root_id === '' ? post.id : post.root_id), { replace: true });
  }, [done, post, channel, home, navigate]);

  const missing = error !== undefined || (done && channel === undefined);
  return (
    <div className={styles['blank']}>
      {missing ? <Notice kind="fault">{t('posts.missing')}</Notice> : <Waiting label={t('app.loading')} />}
      {missing && <Button onClick={() => navigate(teamHref(team), { replace: true })}>{t('posts.missingBack')}</Button>}
    </div>
  );
}
