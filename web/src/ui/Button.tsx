// Buttons: native ones in four dresses, and the square one that shows an icon and carries its name for those who cannot see it.
import type { ButtonHTMLAttributes, ReactNode } from 'react';
import styles from './Button.module.css';
import { classes } from './classes';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: 'primary' | 'plain' | 'quiet' | 'danger';
  wide?: boolean;
  small?: boolean;
}

export function Button({ look = 'plain', wide = false, small = false, type = 'button', className, ...rest }: ButtonProps) {
  return <button type={type} className={classes(styles['button'], styles[look], wide && styles['wide'], small && styles['small'], className)} {...rest} />;
}

export interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'aria-label' | 'title'> {
  label: string;
  children: ReactNode;
  small?: boolean;
}

/** An icon with a name: read out, and shown as a tooltip. */
export function IconButton({ label, small = false, type = 'button', className, children, ...rest }: IconButtonProps) {
  return (
    <button type={type} aria-label={label} title={label} className={classes(styles['icon'], small && styles['iconSmall'], className)} {...rest}>
      {children}
    </button>
  );
}
