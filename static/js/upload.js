// Sends the picture with a bar that tells the truth. Without this file the form sends itself.

function say(root, name) {
  root.hidden = false;
  root.querySelector("[data-sending]").hidden = name !== "sending";
  root.querySelector("[data-opening]").hidden = name !== "opening";
}

function start() {
  const form = document.querySelector("#upload-form");
  const file = form.querySelector("#picture");
  const folder = form.querySelector("#folder");
  const chosen = form.querySelector("[data-chosen]");
  const progress = form.querySelector("[data-progress]");
  const bar = progress.querySelector("progress");

  file.closest(".drop").classList.add("is-simple");
  const files = () => [...file.files, ...folder.files];
  const size = () => files().reduce((sum, one) => sum + one.size, 0);
  const isTooLarge = () => size() > Number(form.dataset.maxBytes);
  form.querySelector("[data-folder]").hidden = !("webkitdirectory" in folder);

  function showChosen(input) {
    if (input === folder && folder.files.length) file.value = "";
    if (input === file && file.files.length) folder.value = "";
    file.required = !folder.files.length;
    form.querySelector("[data-too-large]").hidden = !isTooLarge();
    const [first, ...others] = files();
    const words = others.length ? `${first.name} (+${others.length})` : first?.name;
    if (words) chosen.textContent = `${chosen.dataset.chosenWords} ${words}`;
  }
  for (const input of [file, folder]) {
    input.addEventListener("change", () => showChosen(input));
    // A quick hand chooses before this file has arrived.
    if (input.files.length) showChosen(input);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (isTooLarge()) return;
    form.querySelector("button:not([type=button])").disabled = true;
    const request = new XMLHttpRequest();
    let asking;
    const showCount = async () => {
      const answer = await fetch("/upload/progress");
      const { files } = answer.ok ? await answer.json() : { files: 0 };
      const read = progress.querySelector("[data-read]");
      read.hidden = files < 2;
      read.querySelector("strong").textContent = String(files);
    };
    request.open("POST", form.action);
    request.upload.addEventListener("progress", (sent) => {
      if (sent.lengthComputable) bar.value = Math.round((100 * sent.loaded) / sent.total);
      // Waiting for a long way over the air is no idle time.
      document.dispatchEvent(new Event("busy"));
    });
    request.upload.addEventListener("load", () => {
      bar.removeAttribute("value");
      say(progress, "opening");
      asking = window.setInterval(showCount, 700);
    });
    request.addEventListener("load", () => {
      if (new URL(request.responseURL).pathname !== "/upload") {
        window.location.assign(request.responseURL);
        return;
      }
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      document.title = page.title;
      document.querySelector("main").replaceWith(page.querySelector("main"));
      start();
      document.querySelector("[data-testid=error]")?.scrollIntoView({ block: "nearest" });
      document.querySelector("#picture")?.focus();
    });
    request.addEventListener("error", () => {
      // The house is out of reach: let the browser say so in its own way.
      form.submit();
    });
    progress.querySelector("[data-cancel]").addEventListener("click", () => {
      request.abort();
      // The house would go on without us: what nobody waits for is not opened.
      fetch("/upload/stop", { method: "POST", keepalive: true });
      progress.hidden = true;
      form.querySelector("button:not([type=button])").disabled = false;
    }, { once: true });
    const opening = window.setInterval(() => document.dispatchEvent(new Event("busy")), 5000);
    request.addEventListener("loadend", () => {
      window.clearInterval(opening);
      window.clearInterval(asking);
    });
    say(progress, "sending");
    request.send(new FormData(form));
  });
}

start();
