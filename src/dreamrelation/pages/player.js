// Videos of one row play in step, only while they are near the window, and stop for those who ask for less motion.
(() => {
  const rows = [...document.querySelectorAll("[data-together]")];
  const button = document.getElementById("pause");
  const near = new Set();
  let paused = matchMedia("(prefers-reduced-motion: reduce)").matches;

  const videos = (row) => [...row.querySelectorAll("video")];
  const restart = (row) => videos(row).forEach((video) => {
    video.currentTime = 0;
    video.play().catch(() => { video.controls = true; });
  });
  const start = (row) => videos(row).forEach((video) => {
    if (!video.getAttribute("src")) video.src = video.dataset.src;
    video.play().catch(() => { video.controls = !paused && near.has(row); });
  });
  const stop = (row) => videos(row).forEach((video) => video.pause());
  // Browsers play a few dozen videos at a time: those far away give theirs back.
  const unload = (row) => videos(row).forEach((video) => { video.removeAttribute("src"); video.load(); });

  rows.forEach((row) => videos(row).forEach((video) => {
    video.dataset.src = video.getAttribute("src");
    video.controls = false;
    video.loop = false;
    video.addEventListener("ended", () => {
      if (!paused && near.has(row) && videos(row).every((one) => one.ended || one.error)) {
        setTimeout(() => { if (!paused && near.has(row)) restart(row); }, 350);
      }
    });
  }));

  const watcher = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
    if (isIntersecting) { near.add(target); if (!paused) start(target); }
    else if (near.delete(target)) { stop(target); unload(target); }
  }), { rootMargin: "150px" });
  rows.forEach((row) => watcher.observe(row));

  const show = () => {
    button.textContent = paused ? "Play videos" : "Pause videos";
    button.setAttribute("aria-pressed", String(paused));
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    near.forEach((row) => (paused ? stop(row) : start(row)));
    show();
  });
  show();
})();
