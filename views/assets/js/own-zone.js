// <input data-own-zone> begins with the time zone of this machine, where the person has not chosen one.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const field = document.querySelector('input[data-own-zone]');
  if (field && zone && zone.includes('/')) field.value = zone;
})();
