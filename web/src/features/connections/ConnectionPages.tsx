// The pages of secure connections, by their addresses: the list, the form for a new one, each one's own.
import { useState } from 'react';
import { useLocation, useRoute } from 'wouter';
import type { Invitation } from '../../api/connections';
import { connectionHref, connectionsHref } from '../../state/addresses';
import { AcceptDialog } from './AcceptDialog';
import { ConnectionList } from './ConnectionList';
import { ConnectionPage } from './ConnectionPage';
import { CreatePage } from './CreatePage';
import { InvitationDialog } from './InvitationDialog';

export function ConnectionPages() {
  const [, navigate] = useLocation();
  const [, params] = useRoute<{ part?: string }>(`${connectionsHref}/:part?`);
  const part = params?.part ?? '';
  // Held by the page alone: a code and its password cannot be shown again.
  const [made, setMade] = useState<{ id: string; invitation: Invitation } | undefined>();

  return (
    <>
      {(part === '' || part === 'accept') && <ConnectionList />}
      {part === 'accept' && <AcceptDialog onAccepted={(connection) => navigate(connectionHref(connection.id), { replace: true })} onClose={() => navigate(connectionsHref, { replace: true })} />}
      {part === 'create' && (
        <CreatePage
          onCreated={(connection, invitation) => {
            setMade({ id: connection.id, invitation });
            navigate(connectionHref(connection.id), { replace: true });
          }}
          onLeave={() => navigate(connectionsHref, { replace: true })}
        />
      )}
      {part !== '' && part !== 'accept' && part !== 'create' && <ConnectionPage key={part} id={part} />}
      {made !== undefined && made.id === part && <InvitationDialog connectionId={made.id} invitation={made.invitation} created onClose={() => setMade(undefined)} />}
    </>
  );
}
