// <main> with an element [data-refresh]: the page is fetched again after so many seconds, while somebody looks at it.
(() => {
  const seconds = Number(document.querySelector('[data-refresh]')?.dataset.refresh);
  if (!(seconds > 0)) return;
  const again = () =>
    document.hidden
      ? document.addEventListener('visibilitychange', again, { once: true })
      : location.reload();
  setTimeout(again, seconds * 1000);
})();
