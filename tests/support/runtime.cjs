const vm = require('node:vm');
const { default: Runtime } = require('jest-runtime');

// Every test file loads the whole app anew, and Jest compiled each module of it anew as well: half of what a file costs. A
// compiled script belongs to no context, so a worker compiles a module once and runs it in the context of each file.
const compiled = new Map();

module.exports = class extends Runtime {
  constructor(...args) {
    super(...args);
    const { executor } = this;
    const compile = executor.compile.bind(executor);
    const head = `(function(${executor.injectedModuleParameters.join()}){`;
    executor.compile = (source, filename) => {
      const context = executor.environment.getVmContext();
      let known = compiled.get(filename);
      if (known?.source !== source) {
        try {
          known = {
            source,
            script: new vm.Script(`${head}${source}\n})`, { filename, columnOffset: -head.length }),
          };
        } catch {
          return compile(source, filename); // which tells what is wrong with it
        }
        compiled.set(filename, known);
      }
      return context ? known.script.runInContext(context) : null;
    };
  }
};
