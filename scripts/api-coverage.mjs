// Which operations of Mattermost's API v4 this server has: compares the routes in the source with a description of that API in
// OpenAPI, and writes docs/api-coverage.md. `OPENAPI` names the description; with `--check` nothing is written, and it fails if
// the file is out of date. Without a description there is nothing to compare with, and it says so.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const description = process.env.OPENAPI ?? new URL('../shared/openapi/mattermost-v4.json', root).pathname;
const target = new URL('docs/api-coverage.md', root);
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

if (!existsSync(description)) {
    console.error(`api-coverage: there is no ${description}; set OPENAPI to a description of API v4`);
    process.exit(1);
}

/** A path whatever its parameters are called. */
const plain = (path) => path.replace(/\{[^}]+\}/g, '{}');

/** The text between the bracket at `open` and its counterpart. */
function bracketed(text, open) {
    let depth = 0;
    for (let at = open; at < text.length; at++) {
        if (text[at] === '(') depth++;
        if (text[at] === ')' && --depth === 0) return text.slice(open + 1, at);
    }
    throw new Error('unbalanced brackets');
}

/** Routes of a source file: what is said of a path may name a router that is a variable, which is looked up. */
function routesOf(file) {
    const text = readFileSync(file, 'utf8').split('#[cfg(test)]')[0];
    const found = [];
    for (const match of text.matchAll(/\.route\(/g)) {
        const inside = bracketed(text, match.index + match[0].length - 1);
        const path = /^\s*"([^"]+)"\s*,/.exec(inside);
        if (path === null) continue;
        let handlers = inside.slice(path[0].length);
        const variable = /^\s*([a-z_]+)\s*,?\s*$/.exec(handlers);
        if (variable !== null) {
            const said = new RegExp(`let ${variable[1]} =([^;]*);`).exec(text);
            handlers = said?.[1] ?? '';
        }
        for (const method of METHODS) {
            if (new RegExp(`\\b${method}\\(`).test(handlers)) found.push({ path: path[1], method, handlers });
        }
    }
    return found;
}

const folder = new URL('crates/api/src/v4/', root);
const served = new Set();
const empty = new Set();
for (const name of readdirSync(folder)) {
    const routes = routesOf(new URL(name, folder));
    for (const { path, method, handlers } of routes) {
        const isEmpty = name === 'stubs.rs' && /\((ok|answer)\(/.test(handlers);
        (isEmpty ? empty : served).add(`${method} ${plain(path)}`);
    }
    if (name === 'stubs.rs') {
        const text = readFileSync(new URL(name, folder), 'utf8');
        for (const [, path] of text.matchAll(/\n    \("(\/[^"]+)", r?#?"/g)) empty.add(`get ${plain(path)}`);
    }
}
for (const name of ['mod.rs', 'routes.rs', 'receive.rs']) {
    const file = new URL(`crates/federation/src/receive/${name}`, root);
    if (!existsSync(file)) continue;
    for (const { path, method } of routesOf(file)) served.add(`${method} ${plain(path.replace(/^\/api\/v4/, ''))}`);
}

const { paths } = JSON.parse(readFileSync(description, 'utf8'));
const groups = new Map();
const count = { served: 0, empty: 0, absent: 0 };
for (const [path, operations] of Object.entries(paths)) {
    for (const method of METHODS.filter((method) => method in operations)) {
        const bare = plain(path.replace(/^\/api\/v4/, ''));
        const key = `${method} ${bare}`;
        const state = served.has(key) ? 'served' : empty.has(key) ? 'empty' : 'absent';
        count[state]++;
        const group = bare.split('/')[1];
        if (!groups.has(group)) groups.set(group, { served: [], empty: [], absent: [] });
        groups.get(group)[state].push(`\`${method.toUpperCase()} ${path.replace(/^\/api\/v4/, '')}\``);
    }
}
const total = count.served + count.empty + count.absent;
const lines = [
    '# Coverage of API v4',
    '',
    'Written by `node scripts/api-coverage.mjs` from the routes in `crates/api/src/v4` and a description of the API. What is',
    'answered empty is a feature this server does not have, of which official clients ask all the same.',
    '',
    `Of ${total} operations **${count.served}** are served, ${count.empty} are answered empty, ${count.absent} are not there (404).`,
    '',
    '| group | served | answered empty | not there |',
    '| --- | ---: | ---: | ---: |',
];
const sorted = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
for (const [group, { served, empty, absent }] of sorted) {
    lines.push(`| ${group} | ${served.length} | ${empty.length} | ${absent.length} |`);
}
for (const [state, title] of [['empty', 'Answered empty'], ['absent', 'Not there']]) {
    lines.push('', `## ${title}`, '');
    for (const [group, found] of sorted) {
        if (found[state].length > 0) lines.push(`* ${group}: ${found[state].join(', ')}`);
    }
}
const text = `${lines.join('\n')}\n`;
if (process.argv.includes('--check')) {
    if (!existsSync(target) || readFileSync(target, 'utf8') !== text) {
        console.error('api-coverage: docs/api-coverage.md is out of date; run node scripts/api-coverage.mjs');
        process.exit(1);
    }
} else {
    writeFileSync(target, text);
}
console.log(`api-coverage: ${count.served} of ${total} operations are served, ${count.empty} answered empty`);
