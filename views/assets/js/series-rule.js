// The rule of a standing meeting: only the fields of the chosen frequency are shown. Without a script all of them are,
// each with a word on when it counts; a script makes that word needless.
(() => {
  const choices = [...document.querySelectorAll('input[name="frequency"]')];
  const show = () => {
    const chosen = choices.find((choice) => choice.checked)?.value;
    for (const part of document.querySelectorAll('[data-when]')) part.hidden = part.dataset.when !== chosen;
  };
  for (const choice of choices) choice.addEventListener('change', show);
  for (const hint of document.querySelectorAll('[data-when] .hint')) hint.hidden = true;
  if (choices.length) show();
})();
