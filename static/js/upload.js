// Sends the picture with a bar that tells the truth. Without this file the form sends itself.

function say(root, name) {
  root.hidden = false;
  root.querySelector("[data-sending]").hidden = name !== "sending";
  root.querySelector("[data-opening]").hidden = name !== "opening";
}

function start() {
  const form = document.querySelector("#upload-form");
  const file = form.querySelector("input[type=file]");
  const chosen = form.querySelector("[data-chosen]");
  const progress = form.querySelector("[data-progress]");
  const bar = progress.querySelector("progress");

  file.closest(".drop").classList.add("is-simple");
  const isTooLarge = () => file.files.length && file.files[0].size > Number(form.dataset.maxBytes);

  file.addEventListener("change", () => {
    form.querySelector("[data-too-large]").hidden = !isTooLarge();
    if (file.files.length) chosen.textContent = `${chosen.dataset.chosenWords} ${file.files[0].name}`;
  });

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (isTooLarge()) return;
    form.querySelector("button").disabled = true;
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.upload.addEventListener("progress", (sent) => {
      if (sent.lengthComputable) bar.value = Math.round((100 * sent.loaded) / sent.total);
    });
    request.upload.addEventListener("load", () => {
      bar.removeAttribute("value");
      say(progress, "opening");
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
    say(progress, "sending");
    request.send(new FormData(form));
  });
}

start();
