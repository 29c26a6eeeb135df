// The picture of the front page: the bridge over the canal, its reflection, and the lights of both banks.
import styles from './Landscape.module.css';

/** Left edges of the shops' windows along the left stair; the right stair mirrors them. */
const windows = [70, 95, 120, 145];
const CENTRE = 208;

/** Height of the stair at `x`, on the left side. */
function stair(x: number): number {
  return 108 - ((x - 44) * 54) / 134;
}

function archedWindow(x: number, y: number, width: number, height: number): string {
  const half = width / 2;
  return `M${x} ${y + height}V${y + half}a${half} ${half} 0 0 1 ${width} 0V${y + height}z`;
}

function Span() {
  return (
    <>
      <path className={styles['stone']} d="M-60 160v-46l104-6L178 54h60l134 54 104 6v46H344c-8-42-64-66-136-66S80 118 72 160z" />
      <path className={styles['shade']} d="M72 160c8-42 64-66 136-66s128 24 136 66h-9c-9-36-60-57-127-57s-118 21-127 57z" />
      <path className={styles['edge']} d="M-60 114l104-6L178 54h60l134 54 104 6" />
      {windows.flatMap((x) => {
        const top = stair(x + 8) + 9;
        const mirrored = 2 * CENTRE - x - 15;
        return [<path key={x} className={styles['opening']} d={archedWindow(x, top, 15, 19)} />, <path key={mirrored} className={styles['opening']} d={archedWindow(mirrored, top, 15, 19)} />];
      })}
      <path className={styles['stone']} d="M180 90V46h56v44z" />
      <path className={styles['opening']} d={archedWindow(193, 54, 30, 36)} />
      <path className={styles['roof']} d="M174 46 208 26l34 20z" />
    </>
  );
}

export function Landscape() {
  return (
    <svg className={styles['landscape']} viewBox="0 0 416 360" preserveAspectRatio="xMidYMin slice" aria-hidden="true">
      <circle className={styles['moon']} cx="316" cy="24" r="13" />
      <g className={styles['houses']}>
        <path d="M-60 160V66h38V52h34v108zM352 160V78h24V60h34v100h80V40h-60v120zM12 160V84h26v76z" />
      </g>
      <g className={styles['lights']}>
        <path d="M-12 70h6v11h-6zM-2 96h6v11h-6zM22 98h6v11h-6zM386 74h6v11h-6zM398 98h6v11h-6zM362 96h6v11h-6z" />
      </g>
      <Span />
      <rect className={styles['water']} x="-80" y="160" width="600" height="220" />
      <g className={styles['reflection']} transform="translate(0 320) scale(1 -1)">
        <Span />
      </g>
      <g className={styles['ripples']}>
        <path d="M-20 172H36M96 168h120M250 176h70M364 170h60M20 196h70M176 204h96M300 214h80M-10 226h90M120 240h60M226 250h110M30 266h110M290 280h110M150 292h90M0 310h70M220 322h110" />
      </g>
    </svg>
  );
}
