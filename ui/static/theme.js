// Before the first paint; a file of its own, because Forge's policy allows no inline script.
(function () {
  var wanted = 'system';
  try {
    wanted = localStorage.getItem('forge.theme') || 'system';
  } catch (e) {
    // storage is closed to us: the system decides
  }
  var dark = wanted === 'dark' || (wanted === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
