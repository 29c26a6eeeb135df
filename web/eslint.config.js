// Lint rules. The structural ones hold the architecture: a feature never imports another feature, layers only look down, components stay short.
import { readdirSync } from 'node:fs';
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

const features = readdirSync('src/features', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** A layer may not import from the folders named. */
const forbid = (files, folders, message) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: folders.map((folder) => ({ group: [`**/${folder}`, `**/${folder}/**`], message })) },
    ],
  },
});

export default tseslint.config(
  { ignores: ['dist', 'node_modules'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  ...tseslint.configs.strictTypeChecked,
  jsxA11y.flatConfigs.strict,
  reactHooks.configs.flat.recommended,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js'] }, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // `_` is what is taken out of an object to leave the rest.
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_$', argsIgnorePattern: '^_$', destructuredArrayIgnorePattern: '^_$' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      // A dialog and a search box take the focus when they open: that is where the keyboard user expects it.
      'jsx-a11y/no-autofocus': 'off',
    },
  },
  { files: ['**/*.js'], ...tseslint.configs.disableTypeChecked },
  { files: ['src/**/*.tsx'], rules: { 'max-lines': ['error', { max: 200, skipBlankLines: true, skipComments: true }] } },
  forbid(['src/api/**'], ['state', 'realtime', 'features', 'app', 'ui', 'react'], 'api knows only the server.'),
  forbid(['src/state/**'], ['realtime', 'features', 'app', 'ui'], 'state is pure: no network, no components.'),
  forbid(['src/realtime/**'], ['features', 'app', 'ui'], 'realtime feeds the store; it draws nothing.'),
  forbid(['src/ui/**', 'src/i18n/**'], ['state', 'realtime', 'features', 'app', 'api'], 'ui parts know nothing of the domain.'),
  ...features.map((feature) => ({
    files: [`src/features/${feature}/**`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...features
              .filter((other) => other !== feature)
              .map((other) => ({
                group: [`../${other}`, `../${other}/**`, `**/features/${other}/**`],
                message: 'A feature never imports another feature; app/ puts them together.',
              })),
            { group: ['**/app/**'], message: 'Features do not know the app that composes them.' },
          ],
        },
      ],
    },
  })),
);
