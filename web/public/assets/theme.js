// Runs before the first paint: the theme and the language chosen last time on this machine.
(function () {
  var root = document.documentElement;
  try {
    var theme = localStorage.getItem('callwright.theme');
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
    var language = localStorage.getItem('callwright.language') || navigator.language.slice(0, 2);
    root.lang = language === 'ru' ? 'ru' : 'en';
  } catch {
    // Storage is switched off: the system's theme and the page's own language serve.
  }
})();
