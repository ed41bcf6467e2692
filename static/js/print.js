// A button that prints the page, as the browser's own menu does.

document.querySelector("[data-print]")?.addEventListener("click", () => print());
