// Before the first paint, so that nothing flashes: a classic script in the head, the one there is.
document.documentElement.dataset.theme = localStorage.getItem("pgqueue.theme") ?? "system";
document.documentElement.lang = localStorage.getItem("pgqueue.language") ?? (navigator.language.startsWith("ko") ? "ko" : "en");
