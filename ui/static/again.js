// A script that does not arrive leaves a blank page. Chromium breaks off what it loads whenever the machine's network
// changes, as it does with every container that Docker starts: the page is loaded again, a few times.
(function () {
  var page = document.documentElement;
  var mark = 'forge again '; // in the window's name: it outlives a reload, also where there is no storage
  var tries = window.name.indexOf(mark) === 0 ? Number(window.name.slice(mark.length)) : 0;

  function again() {
    if (page.dataset.started !== undefined || tries >= 5) return;
    page.dataset.started = 'again';
    window.name = mark + (tries + 1);
    setTimeout(function () {
      location.reload();
    }, 100 << tries);
  }

  // a script or style sheet of the page; one that a script imports ends as a rejection
  addEventListener('error', again, true);
  addEventListener('unhandledrejection', again);
})();
