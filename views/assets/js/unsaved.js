// <form data-unsaved>: the browser asks before what was typed is lost.
(() => {
  const changed = new Set();
  document.addEventListener('input', (event) => {
    const form = event.target.form;
    if (form?.hasAttribute('data-unsaved')) changed.add(form);
  });
  document.addEventListener('submit', (event) => changed.delete(event.target));
  document.addEventListener('reset', (event) => changed.delete(event.target));
  document.addEventListener('autosave', (event) => changed.delete(event.target));
  addEventListener('beforeunload', (event) => {
    for (const form of changed)
      if (form.isConnected) {
        event.preventDefault();
        return;
      }
  });
})();
