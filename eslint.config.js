import tseslint from 'typescript-eslint';

// Types find most mistakes; lint finds the promises nobody waits for, the unsafe casts and what is left over.
export default tseslint.config(
  { ignores: ['dist*/', 'node_modules/', 'data/', 'coverage/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-console': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      // Values of forms and headers are unknown until they are made text.
      '@typescript-eslint/no-base-to-string': 'off',
      // A handler that answers at once may still be asked for a promise.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    // A function reads in one go: src/README.md, "What a folder holds".
    files: ['src/**/*.ts'],
    rules: {
      'max-lines-per-function': ['error', 60],
      complexity: ['error', 20],
      'max-params': ['error', 4],
      'no-nested-ternary': 'error',
    },
  },
  {
    // What the start says is for the terminal, not for the log.
    files: [
      'src/lib/log/steps.ts',
      'src/server.ts',
      'src/worker.ts',
      'src/sample.ts',
      'tests/bench/**/*.ts',
      'tests/support/breakRules.ts',
      'tests/support/pictures.ts',
    ],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['tests/**/*.ts'],
    rules: {
      // answers of requests are read as they come
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs}'],
    rules: { eqeqeq: 'error', 'no-var': 'error', 'prefer-const': 'error' },
  },
);
