import { availableParallelism } from 'node:os';

// Jest runs our ES modules as CommonJS through swc: native ESM in jest leaks about 1 GB per 60 files.
// Packages that ship only ES modules are transformed too; add one here when jest says "Unexpected token 'export'".
const esmOnly = [
  'file-type',
  'strtok3',
  'token-types',
  'uint8array-extras',
  '@tokenizer',
  '@borewit',
  'timezones-ical-library',
  'rrule-temporal',
  'temporal-polyfill',
  'temporal-spec',
  'temporal-utils',
  'ical.js',
  'ical-generator',
];

// Three at least: a test mostly waits for the database, a browser or a clock.
const maxWorkers = Math.max(3, availableParallelism() - 1);

export default {
  rootDir: '..',
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.[cm]?[jt]s$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esmOnly.join('|')})/)`],
  globalSetup: '<rootDir>/tests/support/globalSetup.mjs',
  // a module is compiled once per worker
  runtime: '<rootDir>/tests/support/runtime.cjs',
  testSequencer: '<rootDir>/tests/support/sequencer.mjs',
  globalTeardown: '<rootDir>/tests/support/globalTeardown.mjs',
  testTimeout: 20_000,
  maxWorkers,
  workerIdleMemoryLimit: '800MB',
};
