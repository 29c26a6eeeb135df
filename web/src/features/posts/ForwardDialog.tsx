// Hands a message on: to a channel or person one may write to, with a word of one's own. What goes there is a link; what it shows is decided for
// each reader by the server, so nobody sees a message who may not read it where it stands (behaviour 4.9).
import { useState } from 'react';
import { failureText } from '../../api/failureText';
import { useLanguage } from '../../i18n/context';
import type { Post } from '../../state/model';
import { useStore, useStoreShallow } from '../../state/react';
import { channelTitle, composerState, displayName, sidebar } from '../../state/selectors';
import { store } from '../../state/store';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { Field } from '../../ui/Field';
import { Markdown } from '../../ui/markdown/Markdown';
import { Notice } from '../../ui/Notice';
import { SearchSelect } from '../../ui/SearchSelect';
import { forwardPost, linkTo, teamOfPost } from './actions';
import styles from './PostItem.module.css';

export function ForwardDialog({ post, onClose }: { post: Post; onClose: () => void }) {
  const { t } = useLanguage();
  const [target, setTarget] = useState('');
  const [comment, setComment] = useState('');
  const author = useStore((state) => displayName(state.users[post.user_id]));
  const source = useStore((state) => state.channels[post.channel_id]);
  const place = useStore((state) => (source === undefined ? '' : channelTitle(state, source)));
  const channels = useStoreShallow((state) => {
    const { channels: named, direct } = sidebar(state, teamOfPost(state, post)?.id ?? '');
    return [...named, ...direct].filter((channel) => composerState(state, channel.id).kind === 'open');
  });
  const titles = useStoreShallow((state) => channels.map((channel) => channelTitle(state, channel)));
  const options = channels.map((channel, index) => ({ id: channel.id, label: titles[index] ?? channel.display_name }));

  async function forward(): Promise<void> {
    await forwardPost(target, comment, linkTo(store.getState(), post));
    onClose();
  }

  const missing = target === '' ? t('forward.choose') : '';
  return (
    <ConfirmDialog title={t('forward.title')} label={t('forward.send')} look="primary" missing={missing} act={forward} explain={(fault) => failureText(fault, t)} onClose={onClose}>
      <SearchSelect label={t('forward.to')} options={options} value={target} onChange={setTarget} none={t('channels.searchEmpty')} />
      <Field label={t('forward.comment')} value={comment} onChange={(event) => setComment(event.target.value)} />
      {source !== undefined && source.type !== 'O' && <Notice kind="fact">{t('forward.members', { name: place })}</Notice>}
      <blockquote className={styles['quoted']}>
        <strong>{author}</strong>
        <Markdown text={post.message} />
      </blockquote>
    </ConfirmDialog>
  );
}
