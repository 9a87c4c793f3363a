// The page follows what is being made, keeps what is being typed, and couples the slider of the strength with its number.
(() => {
  const byId = (id) => document.getElementById(id);
  const [form, now, number, slider] = [byId("form"), byId("now"), byId("strength"), byId("slider")];
  const TYPED = "typed", OFTEN = 300, SELDOM = 3000;
  const typed = () => JSON.stringify([...new FormData(form)]);

  const couple = (from, to) => from.addEventListener("input", () => { to.value = from.value; });
  couple(number, slider);
  couple(slider, number);
  byId("new-seed").addEventListener("click", (event) => {
    event.preventDefault();
    byId("seed").value = String(crypto.getRandomValues(new Uint32Array(1))[0] >>> 1);
  });

  const fill = (entries) => {
    form.querySelectorAll("[name=methods]").forEach((box) => { box.checked = false; });
    entries.forEach(([name, value]) => form.querySelectorAll(`[name=${name}]`).forEach((field) => {
      if (field.type !== "checkbox") field.value = value;
      else if (field.value === value) field.checked = !field.disabled;
    }));
  };
  const untouched = typed();
  const kept = sessionStorage.getItem(TYPED);
  sessionStorage.removeItem(TYPED);
  if (kept) fill(JSON.parse(kept));
  slider.hidden = false;
  slider.value = number.value;

  // A whole page, so that the videos are started by the one player that all pages share.
  const show = () => {
    if (typed() !== untouched) sessionStorage.setItem(TYPED, typed());
    if (location.pathname === "/" && !location.search) location.reload();
    else location.replace("/#now");
  };
  byId("show").addEventListener("click", show);
  const isTyping = () => form.contains(document.activeElement) && typed() !== untouched;

  const percentOf = ({ done, total }) => (total ? Math.floor(100 * done / total) : 0);
  let said = "";
  const say = (text) => { if (text !== said) { said = text; byId("said").textContent = text; } };
  const title = document.title;
  const draw = (running) => {
    const bar = byId("bar");
    if (running.total) { bar.max = running.total; bar.value = running.done; }
    byId("doing").textContent = running.doing;
    byId("left").textContent = running.left;
    say(`${running.stage}, ${25 * Math.floor(percentOf(running) / 25)} per cent done.`);
    document.title = `${percentOf(running)} % · ${title}`;
  };
  const follow = async () => {
    let pause = SELDOM;
    try {
      const state = await (await fetch("/state")).json();
      if (state.mark !== now.dataset.now) {
        if (!isTyping()) { show(); return; }
        byId("ready").hidden = false;
        say("Something has changed below the form.");
      } else if (state.running) {
        draw(state.running);
        pause = OFTEN;
      }
    } catch {
      say("The server does not answer.");
      if (byId("left")) byId("left").textContent = "The server does not answer.";
    }
    setTimeout(follow, pause);
  };
  follow();
})();
