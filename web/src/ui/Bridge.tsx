// Rialto's sign: the bridge with its one arch over the water. It marks what is shared; broken in the middle, what cannot be reached.

const water = <path d="M2.5 17.2c1.25-1 2.5-1 3.75 0s2.5 1 3.75 0 2.5-1 3.75 0 2.5 1 3.75 0" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" />;

/** The sign; decoration, the words stand beside it. */
export function Bridge({ size = 16 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" fill="currentColor" aria-hidden="true">
      <path d="M1.2 8.3c-.4.2-.7.6-.7 1.1v3.7c0 .4.3.7.7.7h2c.4 0 .7-.2.8-.6.7-2.6 3.1-4.2 6-4.2s5.3 1.6 6 4.2c.1.4.4.6.8.6h2c.4 0 .7-.3.7-.7V9.4c0-.5-.3-.9-.7-1.1l-8-4.1a1.8 1.8 0 0 0-1.6 0z" />
      {water}
    </svg>
  );
}

/** The broken sign. */
export function BrokenBridge({ size = 16 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" fill="currentColor" aria-hidden="true">
      <path d="M1.2 8.3c-.4.2-.7.6-.7 1.1v3.7c0 .4.3.7.7.7h2c.4 0 .7-.2.8-.6.5-1.9 1.9-3.2 3.7-3.8L6.7 7.6l1.1-2.7z" />
      <path d="m18.8 8.3-6.2-3.2-.9 2.5 1.3 2c1.5.7 2.6 1.9 3 3.6.1.4.4.6.8.6h2c.4 0 .7-.3.7-.7V9.4c0-.5-.3-.9-.7-1.1z" />
      {water}
    </svg>
  );
}
