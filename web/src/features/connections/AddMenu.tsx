// The two ways to a new connection.
import { ChevronDown } from 'lucide-react';
import { useLocation } from 'wouter';
import { useLanguage } from '../../i18n/context';
import { acceptInvitationHref, createConnectionHref } from '../../state/addresses';
import { Button } from '../../ui/Button';
import { MenuItem, Popover } from '../../ui/Popover';

export function AddMenu({ disabled }: { disabled: boolean }) {
  const { t } = useLanguage();
  const [, navigate] = useLocation();
  return (
    <Popover
      label={t('connections.add')}
      trigger={(props) => (
        <Button look="primary" disabled={disabled} {...props}>
          {t('connections.add')}
          <ChevronDown size={16} aria-hidden="true" />
        </Button>
      )}
    >
      <MenuItem onSelect={() => navigate(createConnectionHref)}>{t('connections.create')}</MenuItem>
      <MenuItem onSelect={() => navigate(acceptInvitationHref)}>{t('connections.accept')}</MenuItem>
    </Popover>
  );
}
