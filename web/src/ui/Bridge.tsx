// Rialto's sign: one arch, steps up to its middle, water below. Small it marks what is shared, large it is the picture of the front page.

/** The sign; decoration, the words stand beside it. */
export function Bridge({ size = 16 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.9" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d="M1.5 8.6 10 4.2l8.5 4.4" />
      <path d="M1.5 13.600c1.300-.1 2.300-.5 3.100-1.300C5.9 10.700 7.600 9.400 10 9.400s4.100 1.300 5.400 2.9c.8.8 1.800 1.200 3.100 1.300" />
      <path d="M3 17.200c1.200-.9 2.300-.9 3.5 0s2.300.9 3.5 0 2.300-.9 3.5 0 2.300.9 3.5 0" strokeWidth="1.5" />
    </svg>
  );
}

/** The broken sign: an organisation that cannot be reached. */
export function BrokenBridge({ size = 16 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.9" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d="M1.5 8.600 7.400 5.600M12.600 5.600l5.9 3" />
      <path d="M1.5 13.600c1.300-.1 2.300-.5 3.100-1.300.6-.8 1.300-1.5 2.100-2M18.5 13.600c-1.300-.1-2.300-.5-3.100-1.300-.6-.8-1.300-1.5-2.100-2" />
      <path d="M3 17.200c1.200-.9 2.300-.9 3.5 0s2.300.9 3.5 0 2.300-.9 3.5 0 2.300.9 3.5 0" strokeWidth="1.5" />
    </svg>
  );
}
