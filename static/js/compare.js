// Two pictures in one frame, and a slider that says how much of each is seen: keys, taps and
// screen readers move it like any other. Without this file they stand side by side.

const wipe = document.querySelector("[data-wipe]");
const open = document.querySelector("[data-wipe-open]");

function place() {
  const range = wipe.querySelector("[data-wipe-range]");
  wipe.querySelector("[data-wipe-frame]").style.setProperty("--seen", `${range.value}%`);
  range.setAttribute("aria-valuetext", `${range.value} %`);
}

function lay(button) {
  for (const one of wipe.querySelectorAll("[data-wipe-with]")) {
    one.setAttribute("aria-pressed", String(one === button));
  }
  const over = wipe.querySelector("[data-wipe-over]");
  if (over.localName === "svg") {
    // To scale: a picture lies in the frame where its millimetres say.
    const [x, y, width, height] = button.dataset.wipeBox.split(" ");
    for (const [name, value] of Object.entries({ x, y, width, height, href: button.dataset.wipeWith })) {
      over.querySelector("image").setAttribute(name, value);
    }
    over.setAttribute("aria-label", button.textContent);
  } else Object.assign(over, { src: button.dataset.wipeWith, alt: button.textContent });
  wipe.querySelector("[data-wipe-name]").textContent = button.textContent;
}

if (wipe) {
  open.hidden = false;
  open.addEventListener("click", () => {
    wipe.hidden = !wipe.hidden;
    open.setAttribute("aria-expanded", String(!wipe.hidden));
    open.classList.toggle("quiet", wipe.hidden);
  });
  wipe.querySelector("[data-wipe-range]").addEventListener("input", place);
  for (const button of wipe.querySelectorAll("[data-wipe-with]")) button.addEventListener("click", () => lay(button));
  place();
}
