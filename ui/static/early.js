// What the board shows is asked for while its code is still on the way; src/lib/state/early.ts takes it from here.
(function () {
  function ask(path) {
    var answer = fetch(path);
    answer.catch(function () {}); // asked for once more by whoever wants it
    return answer;
  }
  window.forgeEarly = {
    session: ask('/api/session'),
    projects: ask('/api/projects'),
    underWay: ask('/api/deploys?status=queued&status=running&status=reverting&limit=200'),
  };
})();
