// The text of a message: Markdown as people expect it in chat, cleaned of everything that could do harm. Pictures are links, so that reading
// a message fetches nothing from anywhere.
import type { ComponentProps } from 'react';
import { memo, use } from 'react';
import type { Components, ExtraProps } from 'react-markdown';
import ReactMarkdown from 'react-markdown';
import rehypeSanitize, { defaultSchema } from 'rehype-sanitize';
import remarkBreaks from 'remark-breaks';
import remarkGfm from 'remark-gfm';
import { useLanguage } from '../../i18n/context';
import { Emoji } from '../emoji/Emoji';
import { chatSyntax } from './chatSyntax';
import { CodeBlock } from './CodeBlock';
import { ReferencesContext } from './context';
import styles from './Markdown.module.css';

declare module 'react' {
  // React's own way of naming further elements.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace JSX {
    interface IntrinsicElements {
      'chat-mention': { name?: string; children?: React.ReactNode };
      'chat-emoji': { name?: string; children?: React.ReactNode };
      'chat-channel': { name?: string; children?: React.ReactNode };
    }
  }
}

const schema: typeof defaultSchema = {
  ...defaultSchema,
  tagNames: [...(defaultSchema.tagNames ?? []), 'chat-mention', 'chat-emoji', 'chat-channel'],
  attributes: { ...defaultSchema.attributes, 'chat-mention': ['name'], 'chat-emoji': ['name'], 'chat-channel': ['name'] },
  // Names of people and emoji are text to us, not ids of elements.
  clobber: (defaultSchema.clobber ?? []).filter((attribute) => attribute !== 'name'),
  protocols: { ...defaultSchema.protocols, href: ['http', 'https', 'mailto', 'tel'] },
};

function Mention({ name = '', children }: { name?: string; children?: React.ReactNode }) {
  const found = use(ReferencesContext).mention(name.toLowerCase());
  if (found === undefined) return <>{children}</>;
  return (
    <span className={styles['mention']} data-self={found.self || undefined} title={`@${name}`}>
      @{found.label}
    </span>
  );
}

function ChannelLink({ name = '', children }: { name?: string; children?: React.ReactNode }) {
  const references = use(ReferencesContext);
  const found = references.channel(name.toLowerCase());
  if (found === undefined) return <>{children}</>;
  return (
    <a
      href={found.href}
      className={styles['channel']}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        references.go(found.href);
      }}
    >
      ~{found.label}
    </a>
  );
}

function Picture({ src, alt }: ComponentProps<'img'>) {
  const { t } = useLanguage();
  const address = typeof src === 'string' ? src : '';
  return (
    <a href={address} target="_blank" rel="noopener noreferrer nofollow">
      {t('posts.image', { name: alt || address })}
    </a>
  );
}

/** Without the syntax node that react-markdown passes along. */
function plain<T extends ExtraProps>({ node: _, ...rest }: T): Omit<T, 'node'> {
  return rest;
}

/** Titles inside a message are no titles of the page: they look like some, but do not stand in its outline. */
function Title({ children }: { children?: React.ReactNode }) {
  return <p className={styles['title']}>{children}</p>;
}

const components: Components = {
  h1: ({ children }) => <p className={styles['titleLarge']}>{children}</p>,
  h2: Title,
  h3: Title,
  h4: Title,
  h5: Title,
  h6: Title,
  a: ({ children, ...props }) => (
    <a target="_blank" rel="noopener noreferrer nofollow" {...plain(props)}>
      {children}
    </a>
  ),
  img: (props) => <Picture {...plain(props)} />,
  pre: (props) => <CodeBlock {...plain(props)} />,
  table: (props) => (
    // A wide table scrolls by itself; with the keyboard too.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={styles['scroll']} tabIndex={0} role="group">
      <table {...plain(props)} />
    </div>
  ),
  input: (props) => <input {...plain(props)} disabled aria-label="✓" />,
  'chat-mention': Mention,
  'chat-emoji': ({ name = '' }: { name?: string }) => <Emoji name={name} />,
  'chat-channel': ChannelLink,
};

const remarkPlugins = [remarkGfm, remarkBreaks, chatSyntax];
const rehypePlugins: ComponentProps<typeof ReactMarkdown>['rehypePlugins'] = [[rehypeSanitize, schema]];

/** Draws `text`. The same text is not parsed twice. */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <div className={styles['text']}>
      <ReactMarkdown remarkPlugins={remarkPlugins} rehypePlugins={rehypePlugins} components={components}>
        {text}
      </ReactMarkdown>
    </div>
  );
});
