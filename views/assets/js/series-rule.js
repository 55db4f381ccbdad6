// The rule of a standing meeting: only the fields of the chosen frequency are shown. Without a script all of them are,
// each with a word on when it counts; a script makes that word needless.
(() => {
  const choice = document.querySelector('select[name="frequency"]');
  if (!choice) return;
  const show = () => {
    for (const part of document.querySelectorAll('[data-when]')) {
      const isShown = part.dataset.when.split(' ').includes(choice.value);
      part.hidden = !isShown;
      // What is hidden must not be asked for by the browser.
      for (const field of part.querySelectorAll('[required], [data-required]')) {
        field.dataset.required = '';
        field.required = isShown;
      }
    }
  };
  choice.addEventListener('change', show);
  for (const hint of document.querySelectorAll('[data-when] .hint')) hint.hidden = true;
  show();
})();
