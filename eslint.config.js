import tseslint from 'typescript-eslint';

/** Rooms that must run in a browser: they may name no API of Node. (dependency-cruiser holds the import half of this.) */
const pureRooms = ['src/base', 'src/inet', 'src/xml', 'src/network', 'src/interface', 'src/compile', 'src/plan'].map(
  (room) => `${room}/**/*.ts`,
);

/** Rules that need no types; they hold for every TypeScript file. */
const plain = {
  eqeqeq: ['error', 'always'],
  'no-var': 'error',
  'prefer-const': 'error',
  'no-eval': 'error',
  'no-debugger': 'error',
  'no-empty': ['error', { allowEmptyCatch: false }],
  'no-self-compare': 'error',
  'no-unused-labels': 'error',
  'no-useless-catch': 'error',
  'no-control-regex': 'off',
};

/** Rules that read the types: each names a class of fault that a reader of the code does not see. */
const typed = {
  '@typescript-eslint/await-thenable': 'error',
  '@typescript-eslint/no-floating-promises': 'error',
  '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
  '@typescript-eslint/return-await': ['error', 'in-try-catch'],
  '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
  '@typescript-eslint/no-explicit-any': 'error',
  '@typescript-eslint/no-unsafe-argument': 'error',
  '@typescript-eslint/no-unsafe-assignment': 'error',
  '@typescript-eslint/no-unsafe-return': 'error',
  '@typescript-eslint/only-throw-error': 'error',
  '@typescript-eslint/prefer-promise-reject-errors': 'error',
  '@typescript-eslint/no-base-to-string': 'error',
  '@typescript-eslint/restrict-plus-operands': 'error',
  '@typescript-eslint/no-for-in-array': 'error',
  '@typescript-eslint/no-array-delete': 'error',
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
  '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports', disallowTypeAnnotations: false }],
  '@typescript-eslint/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description', minimumDescriptionLength: 8 }],
};

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Export it by name: one thing keeps one name in every file that uses it.',
};
const noEnum = { selector: 'TSEnumDeclaration', message: 'Use a union of literals: enums do not erase.' };

export default tseslint.config(
  { ignores: ['dist/', '.dist-*/', 'console/dist/', 'coverage/', 'node_modules/', '.cache/'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: { ...plain, ...typed },
  },
  {
    files: ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, noEnum] },
  },
  {
    files: pureRooms,
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...['process', 'Buffer', 'setImmediate', 'clearImmediate', '__dirname', '__filename', 'require', 'global'].map((name) => ({
          name,
          message: 'This room is pure: it runs in a browser and in a dry run. Take the value as an argument, or do it in src/host.',
        })),
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/**', '**/*.test.ts'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    rules: { ...plain, 'no-undef': 'off', 'no-unused-vars': ['error', { argsIgnorePattern: '^_' }] },
  },
);
