// The picture of the front page: the bridge over the canal, its reflection, and the lights of both banks.
import styles from './Landscape.module.css';

const arcade = [96, 128, 160, 240, 272, 304];

/** One half of the picture; the water shows it once more, upside down and fainter. */
function Span() {
  return (
    <>
      <path className={styles['stone']} d="M-40 150V128l60-6 150-62q30-13 60 0l150 62 60 6v22h-40q-44-2-76-34-44-44-124-44t-124 44q-32 32-76 34z" />
      <path className={styles['edge']} d="M-40 128l60-6 150-62q30-13 60 0l150 62 60 6" />
      {arcade.map((x) => {
        const top = 62 + Math.abs(x + 8 - 208) * 0.36;
        return <path key={x} className={styles['opening']} d={`M${x} ${top + 26}v-14a8 8 0 0 1 16 0v${14 - 6 + 3}z`} />;
      })}
      <path className={styles['opening']} d="M194 84V64a14 14 0 0 1 28 0v20z" />
      <path className={styles['roof']} d="M184 52 208 34l24 18z" />
    </>
  );
}

export function Landscape() {
  return (
    <svg className={styles['landscape']} viewBox="0 0 416 330" preserveAspectRatio="xMidYMin slice" aria-hidden="true">
      <circle className={styles['moon']} cx="330" cy="34" r="15" />
      <g className={styles['houses']}>
        <path d="M-60 150V62h34V48h30v102zM340 150V70h26V56h34v94h80V40h-60" />
      </g>
      <g className={styles['lights']}>
        <path d="M-8 72h6v10h-6zM-20 96h6v10h-6zM380 80h6v10h-6zM394 104h6v10h-6zM356 92h6v10h-6z" />
      </g>
      <Span />
      <g className={styles['reflection']} transform="translate(0 302) scale(1 -1)">
        <Span />
      </g>
      <g className={styles['ripples']}>
        <path d="M30 176h70M150 190h110M300 178h60M60 210h50M220 222h120M10 246h90M170 258h70M290 268h90M40 292h120M230 304h60" />
      </g>
    </svg>
  );
}
