// The tablet lies on the table again: after a while it shows the start to whoever comes next.

const PAUSE_MS = 45_000;
window.setTimeout(() => window.location.replace("/"), PAUSE_MS);
