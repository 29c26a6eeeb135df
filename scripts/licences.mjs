// Fails if a crate or npm module that ends up in what we ship has a licence outside the list.
// Nothing has to be installed for it: cargo and npm's own lock files say what is used.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const allowed = new Set([
    '0BSD', 'Apache-2.0', 'Apache-2.0 WITH LLVM-exception', 'BSD-2-Clause', 'BSD-3-Clause', 'BSL-1.0', 'CC0-1.0',
    'CDLA-Permissive-2.0', 'ISC', 'MIT', 'MIT-0', 'OFL-1.1', 'Unicode-3.0', 'Unlicense', 'Zlib',
]);

// An expression holds if one alternative of every part does; nesting deeper than one level is read part by part.
function acceptable(expression) {
    if (!expression) return false;
    const parts = expression.replace(/[()]/g, '').split(/\s+AND\s+/);
    return parts.every((part) => part.split(/\s+OR\s+|\//).some((one) => allowed.has(one.trim())));
}

const refused = [];
const metadata = JSON.parse(execFileSync('cargo', ['metadata', '--format-version', '1', '--locked'], {
    maxBuffer: 256 * 1024 * 1024,
}));
const crates = metadata.packages.filter((one) => one.source !== null);
for (const one of crates) {
    if (!acceptable(one.license)) refused.push(`crate ${one.name} ${one.version}: ${one.license ?? 'none stated'}`);
}

const lock = JSON.parse(readFileSync(new URL('../web/package-lock.json', import.meta.url), 'utf8'));
const modules = Object.entries(lock.packages).filter(([path, one]) => path !== '' && !one.dev && !one.link);
for (const [path, one] of modules) {
    if (!acceptable(one.license)) refused.push(`module ${path} ${one.version}: ${one.license ?? 'none stated'}`);
}

if (refused.length > 0) {
    console.error(`Licences outside the list in scripts/licences.mjs:\n  ${refused.join('\n  ')}`);
    process.exit(1);
}
console.log(`licences: ${crates.length} crates and ${modules.length} modules are fine`);
