// A scanned sheet brings its code behind the # of the address, which no server ever sees: put it
// into the field and take it out of the address, so that it stays in no history.

const code = location.hash.slice(1).replace(/[^A-Za-z0-9]/g, "").slice(0, 8);
const field = document.getElementById("code");
if (code.length === 8 && field) {
  history.replaceState(null, "", location.pathname);
  field.value = `${code.slice(0, 4)} ${code.slice(4)}`;
  const fold = field.closest("details");
  if (fold) fold.open = true;
  field.focus();
}
